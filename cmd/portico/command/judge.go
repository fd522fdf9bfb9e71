package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/invariant"
	"github.com/portico-mcp/portico/simulators/trace"
	"github.com/portico-mcp/portico/simulators/trace/har"
)

// largestCapture is how many bytes of a file are read.
const largestCapture = 256 << 20

func judgeCommand() *cobra.Command {
	var said []string
	var asJSON bool
	var town remote
	c := &cobra.Command{
		Use:   "judge [FILE]",
		Short: "Judge the town that is open, a saved trace or a capture in HAR by what every trace must keep",
		Long: `Judge the town that is open, by all that was seen in it so far; or a trace as portico save writes it, or an
HTTP Archive (.har) as browsers and mitmproxy write it.

Each rule says how many exchanges it judged: none means that it neither held nor broke. A HAR file does
not say who is who; --role does, and the rest is guessed and printed. In a saved trace secrets have names:
one that was encoded on its way has none there, and is not found.

Ends with 0 if every rule held, 1 if one is broken, 2 if the file is bad or nothing in it could be judged, and 3
without a file if no town is open.`,
		Example: "  portico judge\n  portico judge town.json\n  portico judge capture.har --role mcp.example.com=portal --role login.example.com=\"identity provider\"",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && len(said) > 0:
				return usage("--role is for a FILE: a town knows who is who")
			case len(args) == 0:
				return judgeTown(c, town, asJSON)
			case c.Flags().Changed("state"):
				return usage("a FILE or --state, one of both")
			}
			roles, err := parseRoles(said)
			if err != nil {
				return err
			}
			captured, err := readCapture(args[0], roles)
			if err != nil {
				return err
			}
			judged := judge(captured)
			return errors.Join(printed(c.OutOrStdout(), judged, asJSON), judged.ends())
		},
	}
	c.Flags().StringArrayVar(&said, "role", nil, "who a host (of a HAR file) or a party (of a trace) is, HOST=ROLE; repeatable")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	town.flag(c)
	return c
}

// printed prints a judgement for people or for programs.
func printed(out io.Writer, judged fmt.Stringer, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(out, judged.String())
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc.Encode(judged)
}

// roleNames are the roles that may be said, and shorter words for some.
var roleNames = map[string]trace.Role{
	"client": trace.Client, "browser": trace.Browser, "access": trace.Access, "portal": trace.Portal, "admin": trace.Admin,
	"gateway": trace.Gateway, "upstream": trace.Upstream, "server": trace.Upstream,
	"identity provider": trace.IdentityProvider, "idp": trace.IdentityProvider,
	"authorization server": trace.AuthorizationServer, "as": trace.AuthorizationServer,
}

func parseRoles(said []string) (map[string]trace.Role, error) {
	roles := map[string]trace.Role{}
	for _, each := range said {
		host, name, ok := strings.Cut(each, "=")
		role := roleNames[strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(name))]
		if !ok || host == "" || role == "" {
			return nil, usage("--role %s: want HOST=ROLE with one of %s", inert(each), strings.Join(slices.Sorted(maps.Keys(roleNames)), ", "))
		}
		roles[strings.ToLower(host)] = role
	}
	return roles, nil
}

// capture is a trace that was read from a file, and whom it has which role for
// only because it was guessed.
type capture struct {
	trace.Trace
	file    string
	guessed map[string]trace.Role
}

func readCapture(file string, said map[string]trace.Role) (capture, error) {
	b, err := readBounded(file)
	if err != nil {
		return capture{}, err
	}
	captured := capture{file: file}
	if !strings.EqualFold(filepath.Ext(file), ".har") {
		if captured.Trace, err = trace.Decode(b); err != nil {
			return capture{}, usage("%s: %s", inert(file), inert(err.Error()))
		}
		if len(captured.Exchanges) == 0 {
			return capture{}, usage("%s: there is no exchange in it to judge", inert(file))
		}
		return captured, captured.say(said)
	}
	archive, err := har.Read(b)
	if err != nil {
		return capture{}, usage("%s: %s", inert(file), inert(err.Error()))
	}
	captured.guessed = archive.Guess()
	roles := maps.Clone(captured.guessed)
	for host, role := range said {
		if !slices.Contains(archive.Hosts(), host) {
			return capture{}, usage("--role: no host %s in %s; there are %s", inert(host), inert(file), inert(strings.Join(archive.Hosts(), ", ")))
		}
		roles[host] = role
		delete(captured.guessed, host)
	}
	captured.Trace = archive.Trace(roles)
	return captured, nil
}

// say gives the parties of a trace the roles that were said.
func (c *capture) say(roles map[string]trace.Role) error {
	known := map[string]trace.Party{}
	for _, e := range c.Exchanges {
		known[strings.ToLower(string(e.From))], known[strings.ToLower(string(e.To))] = e.From, e.To
	}
	if c.Roles == nil {
		c.Roles = map[trace.Party]trace.Role{}
	}
	for name, role := range roles {
		party, ok := known[name]
		if !ok {
			return usage("--role: no party %s in %s", inert(name), inert(c.file))
		}
		c.Roles[party] = role
	}
	return nil
}

func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usage("%w", err)
	}
	defer func() { _ = f.Close() }()
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(f, largestCapture+1))
	switch {
	case err != nil:
		return nil, usage("%w", err)
	case n > largestCapture:
		return nil, usage("%s: more than %d MB; cut the capture into parts", inert(file), largestCapture>>20)
	}
	return b.Bytes(), nil
}

// judgement is what the rules saw in a capture.
type judgement struct {
	File      string                `json:"file"`
	Exchanges int                   `json:"exchanges"`
	Roles     map[string]trace.Role `json:"roles"`
	Guessed   map[string]trace.Role `json:"guessed,omitempty"`
	Rules     []judgedRule          `json:"rules"`
}

type judgedRule struct {
	ID           string         `json:"id"`
	Says         string         `json:"says"`
	Level        fixtures.Level `json:"level"`
	Requirements []string       `json:"requirements"`
	Judged       int            `json:"judged"`
	Findings     []judgedPlace  `json:"findings,omitempty"`
}

type judgedPlace struct {
	invariant.Finding
	At string `json:"at"` // the exchange, for people
}

func judge(c capture) judgement {
	j := judgement{File: c.file, Exchanges: len(c.Exchanges), Roles: map[string]trace.Role{}, Guessed: c.guessed}
	for party, role := range c.Roles {
		j.Roles[string(party)] = role
	}
	named := trace.Trace{}
	for _, r := range invariant.Examine(c.Trace) {
		rule := judgedRule{r.Rule.ID, r.Rule.Says, r.Rule.Level, r.Rule.Requirements, r.Saw, nil}
		for _, f := range r.Findings {
			if named.Exchanges == nil {
				named = c.Named()
			}
			rule.Findings = append(rule.Findings, judgedPlace{f, place(named.Exchanges[f.Exchange])})
		}
		j.Rules = append(j.Rules, rule)
	}
	return j
}

// place is an exchange for people: who asked whom for what, and nothing of a
// query.
func place(e trace.Exchange) string {
	party := func(p trace.Party) string {
		if p == "" {
			return "somebody"
		}
		return inert(string(p))
	}
	return fmt.Sprintf("%s → %s %s %s", party(e.From), party(e.To), inert(e.Request.Method), inert(e.Path()))
}

// String is the judgement for people, a line per rule.
func (j judgement) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", inert(j.File), plural(j.Exchanges, "exchange"))
	for _, host := range slices.Sorted(maps.Keys(j.Guessed)) {
		fmt.Fprintf(&b, "%s is the %s, by what it does; --role %s=ROLE says otherwise\n", inert(host), j.Guessed[host], inert(host))
	}
	held, broken, blind := 0, 0, 0
	for _, r := range j.Rules {
		switch {
		case r.Judged == 0:
			blind++
			fmt.Fprintf(&b, "- %-32s nothing to judge\n", r.ID)
		case len(r.Findings) == 0:
			held++
			fmt.Fprintf(&b, "✓ %-32s judged %s\n", r.ID, plural(r.Judged, "exchange"))
		default:
			broken++
			fmt.Fprintf(&b, "✗ %-32s judged %s: %s\n", r.ID, plural(r.Judged, "exchange"), plural(len(r.Findings), "finding"))
			for _, f := range r.Findings {
				fmt.Fprintf(&b, "    #%d %s\n      expected  %s (%s)\n      actual    %s\n", f.Exchange, f.At, r.Says, binding(r.Level, r.Requirements), f.Says)
			}
		}
	}
	fmt.Fprintf(&b, "%s: %d held, %d broken, %d had nothing to judge\n", plural(len(j.Rules), "rule"), held, broken, blind)
	return b.String()
}

// ends is how the command ends: nil if every rule that could held.
func (j judgement) ends() error {
	judged := 0
	for _, r := range j.Rules {
		judged += r.Judged
		if len(r.Findings) > 0 {
			return failed("")
		}
	}
	if judged == 0 {
		return usage("%s: nothing in it could be judged; --role HOST=ROLE says who is who", inert(j.File))
	}
	return nil
}

// binding is how strong a rule is, and by which requirements.
func binding(level fixtures.Level, requirements []string) string {
	if len(requirements) == 0 {
		return string(level)
	}
	return fmt.Sprintf("%s: %s", level, strings.Join(requirements, ", "))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// longestInert is how many characters of what a file says are printed at once.
const longestInert = 200

// inert is what a file says, unable to move a cursor.
func inert(text string) string {
	if runes := []rune(text); len(runes) > longestInert {
		text = string(runes[:longestInert]) + "…"
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

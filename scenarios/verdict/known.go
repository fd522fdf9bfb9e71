package verdict

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// KnownFailure is a failure that is declared, and must still fail.
type KnownFailure struct {
	Check    string  `yaml:"check" json:"check"`                 // an id, or a glob over ids
	Revision string  `yaml:"revision" json:"revision,omitempty"` // empty: in every revision
	Verdict  Verdict `yaml:"verdict" json:"verdict"`             // fail, warn or not testable; empty: fail
	Reason   string  `yaml:"reason" json:"reason"`
	Issue    string  `yaml:"issue" json:"issue,omitempty"` // where it is followed
	Until    string  `yaml:"until" json:"until,omitempty"` // the last day it is forgiven, 2026-12-01; empty: no end
	Flaky    bool    `yaml:"flaky" json:"flaky,omitempty"` // it may pass as well
}

// Fits says whether the declaration is about the check in the revision.
func (k KnownFailure) Fits(id, revision string) bool {
	ok, err := path.Match(k.Check, id)
	return err == nil && ok && (k.Revision == "" || k.Revision == revision)
}

func (k KnownFailure) overdue() bool {
	last, err := time.Parse(time.DateOnly, k.Until)
	return err == nil && time.Now().After(last.AddDate(0, 0, 1))
}

// ReadKnown reads declared failures from a YAML file. An unknown key, a missing
// reason, or a check that is none of the ids is an error that names it: a
// declaration that fits nothing hides something.
func ReadKnown(file string, ids []string) ([]KnownFailure, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []KnownFailure
	if err := yaml.UnmarshalWithOptions(b, &all, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	var wrong []error
	for i := range all {
		if err := all[i].check(ids); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: entry %d: %w", file, i+1, err))
		}
	}
	return all, errors.Join(wrong...)
}

func (k *KnownFailure) check(ids []string) error {
	if k.Verdict == "" {
		k.Verdict = Fail
	}
	_, until := time.Parse(time.DateOnly, k.Until)
	switch {
	case !slices.ContainsFunc(ids, func(id string) bool { return k.Fits(id, k.Revision) }):
		return fmt.Errorf("no check is called %q%s", k.Check, like(k.Check, ids))
	case strings.TrimSpace(k.Reason) == "":
		return fmt.Errorf("%s: a known failure needs a reason", k.Check)
	case !slices.Contains([]Verdict{Fail, Warn, NotTestable}, k.Verdict):
		return fmt.Errorf("%s: %q is no verdict to declare; there are fail, warn, not testable", k.Check, k.Verdict)
	case k.Until != "" && until != nil:
		return fmt.Errorf("%s: until %q is no day; write 2026-12-01", k.Check, k.Until)
	}
	return nil
}

// like names the ids of the same group.
func like(pattern string, ids []string) string {
	group, _, _ := strings.Cut(pattern, "-")
	var near []string
	for _, id := range ids {
		if strings.HasPrefix(id, group+"-") && len(near) < 5 {
			near = append(near, id)
		}
	}
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, ", ") + "?"
}

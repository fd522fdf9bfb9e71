package invariant

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

func authorizationRules() []Rule {
	return []Rule{
		{"metadata-names-challenges", "The authorization server's metadata says which challenges it takes.",
			[]string{"MCP-AS-01"}, fixtures.Must, metadataNamesChallenges},
		{"metadata-offers-s256", "The authorization server's metadata says that it takes S256, and no other challenge.",
			[]string{"SEC-A-07"}, fixtures.Must, metadataOffersS256},
		{"metadata-offers-no-old-grant", "The authorization server's metadata offers neither the implicit grant nor the password grant.",
			[]string{"SEC-A-08"}, fixtures.Must, metadataOffersNoOldGrant},
		{"nobody-names-offline-access", "Neither a challenge nor the metadata of the resource names offline_access.",
			[]string{"MCP-FA-08", "SEC-A-10"}, fixtures.Should, nobodyNamesOfflineAccess},
		{"answers-say-who-gives-them", "A browser is sent back with the issuer exactly if the metadata says so.",
			[]string{"SEC-A-09"}, fixtures.Must, answersSayWho},
		{"forms-lead-on-by-get", "What answers a form leads a browser on in a way that does not send the form again.",
			[]string{"SEC-C-13"}, fixtures.Must, formsLeadOnByGet},
		{"resources-are-named", "The portal names a server as its metadata does, where it asks for authorization and where it asks for tokens.",
			[]string{"MCP-UA-06"}, fixtures.Must, resourcesAreNamed},
	}
}

// metadata is the document in which the portal describes its authorization
// server (RFC 8414 §2); nil if the answer is none.
func (v *view) metadata(h *hop) map[string]any {
	if !v.front(h) || h.Request.Method != http.MethodGet {
		return nil
	}
	if doc := document(h); doc["authorization_endpoint"] != nil && doc["issuer"] != nil {
		return doc
	}
	return nil
}

// list is a member that is an array of strings.
func list(doc map[string]any, name string) []string {
	var all []string
	items, _ := doc[name].([]any)
	for _, item := range items {
		if s, ok := item.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

func metadataNamesChallenges(v *view, h *hop) (bool, []string) {
	doc := v.metadata(h)
	if doc == nil {
		return false, nil
	}
	if len(list(doc, "code_challenge_methods_supported")) == 0 {
		return true, []string{"the metadata is without code_challenge_methods_supported"}
	}
	return true, nil
}

func metadataOffersS256(v *view, h *hop) (bool, []string) {
	doc := v.metadata(h)
	if doc == nil {
		return false, nil
	}
	methods := list(doc, "code_challenge_methods_supported")
	if len(methods) == 1 && methods[0] == "S256" {
		return true, nil
	}
	return true, []string{"code_challenge_methods_supported is " + v.show(strings.Join(methods, " "))}
}

func metadataOffersNoOldGrant(v *view, h *hop) (bool, []string) {
	doc := v.metadata(h)
	if doc == nil {
		return false, nil
	}
	var wrong []string
	grants := list(doc, "grant_types_supported")
	if doc["grant_types_supported"] == nil {
		grants = []string{"authorization_code", "implicit"} // what RFC 8414 §2 takes for granted
	}
	for _, grant := range grants {
		if grant == "implicit" || grant == "password" {
			wrong = append(wrong, "grant_types_supported has "+grant)
		}
	}
	for _, kind := range list(doc, "response_types_supported") {
		if slices.Contains(strings.Fields(kind), "token") {
			wrong = append(wrong, "response_types_supported has "+v.show(kind))
		}
	}
	return true, wrong
}

func nobodyNamesOfflineAccess(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.Response == nil {
		return false, nil
	}
	judged, wrong := false, []string(nil)
	for _, challenge := range h.answer()["Www-Authenticate"] {
		judged = true
		if slices.Contains(strings.Fields(attributes(challenge)["scope"]), "offline_access") {
			wrong = append(wrong, "a challenge names offline_access")
		}
	}
	if doc := document(h); doc["resource"] != nil && doc["authorization_servers"] != nil {
		judged = true
		if slices.Contains(list(doc, "scopes_supported"), "offline_access") {
			wrong = append(wrong, "scopes_supported has offline_access")
		}
	}
	return judged, wrong
}

// answersSayWho knows an authorization response by what RFC 6749 §4.1.2 puts
// into it, where it leads away from the portal.
func answersSayWho(v *view, h *hop) (bool, []string) {
	announced, known := v.announced[h.host]
	if !v.front(h) || !known || h.Response == nil {
		return false, nil
	}
	to := address(h.tells("Location"))
	q := to.Query()
	if to.Host == "" || strings.EqualFold(to.Host, h.host) || q.Get("code") == "" && q.Get("error") == "" {
		return false, nil
	}
	switch {
	case announced && q.Get("iss") == "":
		return true, []string{"a browser is sent back without iss, which the metadata announces"}
	case !announced && q.Has("iss"):
		return true, []string{"a browser is sent back with iss, which the metadata does not announce"}
	}
	return true, nil
}

func formsLeadOnByGet(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.from != trace.Browser || h.Request.Method != http.MethodPost || h.tells("Location") == "" {
		return false, nil
	}
	if s := h.Status(); s == http.StatusTemporaryRedirect || s == http.StatusPermanentRedirect {
		return true, []string{fmt.Sprintf("the status is %d", s)}
	}
	return true, nil
}

// resourcesAreNamed judges what is asked of an authorization server that a
// server was seen to name as its own.
func resourcesAreNamed(v *view, h *hop) (bool, []string) {
	theirs := v.resources[h.host]
	if h.to != trace.AuthorizationServer || len(theirs) == 0 {
		return false, nil
	}
	var q url.Values
	switch {
	case h.from == trace.Browser && h.url.Query().Get("response_type") != "":
		q = h.url.Query()
	case portal(h.from) && form(h).Get("grant_type") == "authorization_code":
		q = form(h)
	default:
		return false, nil
	}
	if !theirs[q.Get("resource")] {
		return true, []string{"resource is " + v.show(q.Get("resource")) + ", as which no server there names itself"}
	}
	return true, nil
}

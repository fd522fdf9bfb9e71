package idp

import "slices"

// SignedIn are the subjects with a session that is good now, each once, in
// order.
func (p *Provider) SignedIn() []string {
	var subjects []string
	for _, kept := range p.sessions.all() {
		subjects = append(subjects, kept.value.person.Subject)
	}
	slices.Sort(subjects)
	return slices.Compact(subjects)
}

// SignOut ends every session of a subject, in all browsers: the next
// authorization request shows the login page. Codes and tokens stay good.
func (p *Provider) SignOut(subject string) {
	p.sessions.drop(func(s session) bool { return s.person.Subject == subject })
	p.keeper.keep()
}

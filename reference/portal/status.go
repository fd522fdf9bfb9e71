package portal

import (
	"errors"
	"time"

	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// State says how the last synchronization of a server went. It promises
// nothing about the next call.
type State string

// The states of a server.
const (
	Waiting State = "waiting" // not synchronized yet, or without the admin's credential
	Ready   State = "ready"
	Stale   State = "stale" // the admin's credential has died; people's own still work
	Failed  State = "error"
)

// Status is what the admin is told of a server.
type Status struct {
	ID                 string        `json:"id"`
	Name               string        `json:"name"`
	URL                string        `json:"hostname"`
	AuthType           Auth          `json:"auth_type"`
	State              State         `json:"status"`
	Error              string        `json:"error,omitempty"`
	ErrorDetails       *ErrorDetails `json:"error_details,omitempty"`
	LastSynced         *time.Time    `json:"last_synced"`          // the last attempt
	LastSuccessfulSync *time.Time    `json:"last_successful_sync"` // the last good one
	Tools              int           `json:"tools"`
	Prompts            int           `json:"prompts"`
	Skipped            []string      `json:"skipped,omitempty"` // what is offered and not listed
}

// ErrorDetails is what went wrong with a synchronization.
type ErrorDetails struct {
	StatusCode int    `json:"status_code,omitempty"` // HTTP
	MCPCode    int    `json:"mcp_code,omitempty"`    // JSON-RPC
	Retryable  bool   `json:"retryable"`
	IsUpstream bool   `json:"is_upstream"` // the server answered; false: it could not be reached
	Cause      string `json:"cause"`
}

func (s *Status) succeeded(at time.Time, o catalog.Offer, l *catalog.Listing) {
	s.State, s.Error, s.ErrorDetails = Ready, "", nil
	s.LastSynced, s.LastSuccessfulSync = &at, &at
	s.Tools, s.Prompts, s.Skipped = l.Count(catalog.Tools, o.Revision), l.Count(catalog.Prompts, o.Revision), nil
	for _, skipped := range l.Skipped() {
		s.Skipped = append(s.Skipped, skipped.Name+": "+skipped.Reason)
	}
}

// failed notes a failure. Without the admin's credential a server that was
// never synchronized waits, and one that was is stale.
func (s *Status) failed(at time.Time, err error) {
	s.LastSynced = &at
	s.Error = trouble(s.ID, err)
	s.ErrorDetails = details(err)
	switch consent := errors.Is(err, credential.ErrConsentRequired) || errors.Is(err, credential.ErrRefreshRefused); {
	case consent && s.LastSuccessfulSync == nil:
		s.State, s.Error, s.ErrorDetails = Waiting, "the administrator has to authorize the portal", nil
	case consent:
		s.State, s.Error = Stale, "the administrator's authorization has ended"
	default:
		s.State = Failed
	}
}

func details(err error) *ErrorDetails {
	d := &ErrorDetails{Retryable: true, Cause: err.Error()}
	if status, ok := errors.AsType[*upstream.StatusError](err); ok {
		d.StatusCode, d.MCPCode, d.IsUpstream = status.Status, status.MCPCode, true
		d.Retryable = status.Status >= 500 || status.Status == 429
	}
	return d
}

// Status is a server's status; the error is [ErrUnknownServer].
func (p *Portal) Status(id string) (Status, error) {
	if p.byID[id] == nil {
		return Status{}, ErrUnknownServer
	}
	return p.syncer.status(id), nil
}

// Statuses is the status of every server, by id.
func (p *Portal) Statuses() []Status {
	all := make([]Status, 0, len(p.servers))
	for _, s := range p.servers {
		all = append(all, p.syncer.status(s.ID))
	}
	return all
}

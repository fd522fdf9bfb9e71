package portal

import (
	"errors"
	"net/http"
	"time"

	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/reference/portal/rpc"
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

// failed notes a failure. A server that wants the admin's credential and never
// had one waits, without having been asked anything; one whose credential can
// no longer be renewed, or is no longer taken, is stale.
func (s *Status) failed(at time.Time, err error) {
	neverAuthorized := s.State == Waiting && errors.Is(err, credential.ErrConsentRequired)
	if neverAuthorized {
		s.Error = "the administrator has to authorize the portal"
		return
	}
	s.State, s.Error, s.LastSynced, s.ErrorDetails = Failed, trouble(s.ID, err), &at, details(err)
	if s.AuthType == OAuth && credentialDied(err) {
		s.State, s.Error = Stale, "the administrator's authorization has ended"
	}
}

func credentialDied(err error) bool {
	return errors.Is(err, credential.ErrConsentRequired) || errors.Is(err, credential.ErrRefreshRefused) || errors.Is(err, upstream.ErrUnauthorized)
}

// details sorts a failure. What came as an answer, even a bad one, is the
// server's; all else says that it could not be reached.
func details(err error) *ErrorDetails {
	d := &ErrorDetails{Retryable: true, Cause: err.Error()}
	status, answered := errors.AsType[*upstream.StatusError](err)
	refused, isRefusal := errors.AsType[*rpc.Error](err)
	switch {
	case answered:
		d.StatusCode, d.MCPCode, d.IsUpstream = status.Status, status.MCPCode, true
		d.Retryable = status.Status >= 500 || status.Status == http.StatusTooManyRequests || status.Status == http.StatusRequestTimeout
	case isRefusal:
		d.MCPCode, d.IsUpstream, d.Retryable = refused.Code, true, refused.Code == rpc.CodeInternal
	case errors.Is(err, upstream.ErrMalformed), errors.Is(err, upstream.ErrRevision), errors.Is(err, upstream.ErrTooMany):
		d.IsUpstream, d.Retryable = true, false
	case credentialDied(err):
		d.Retryable = false
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

package portal

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/credential"
	"github.com/portico-mcp/portico/reference/portal/rpc"
	"github.com/portico-mcp/portico/reference/portal/upstream"
)

// spread is the time between the first syncs of two servers, so that a restart
// does not reach all of them in one instant.
const spread = 5 * time.Millisecond

// syncer keeps the catalogue fresh. It reaches servers with the direct client
// and has no other: what it asks never passes the gateway.
type syncer struct {
	every, sweepEvery time.Duration

	portal *Portal
	direct map[string]*upstream.Server // by id
	turn   map[string]chan struct{}    // by id: one sync of a server at a time

	mu       sync.Mutex
	statuses map[string]Status
}

func newSyncer(servers []*server, direct *http.Client, p *Portal) *syncer {
	s := &syncer{portal: p, direct: map[string]*upstream.Server{}, turn: map[string]chan struct{}{}, statuses: map[string]Status{}}
	for _, each := range servers {
		s.direct[each.ID] = each.over(direct)
		s.turn[each.ID] = make(chan struct{}, 1)
		s.statuses[each.ID] = Status{ID: each.ID, Name: each.Name, URL: each.URL, AuthType: each.Auth, State: Waiting}
	}
	return s
}

// Run synchronizes every server now and every SyncEvery, and ends sessions that
// nobody uses, until ctx ends. A server that is slow or dead delays no other.
func (p *Portal) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for i, s := range p.servers {
		all.Go(func() { p.syncer.keep(ctx, s, time.Duration(i)*spread) })
	}
	all.Go(func() { p.sweep(ctx) })
	all.Wait()
	return ctx.Err()
}

// keep synchronizes one server until ctx ends.
func (s *syncer) keep(ctx context.Context, each *server, first time.Duration) {
	timer := time.NewTimer(first)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(s.every)
		s.sync(ctx, each)
	}
}

// sweep ends sessions that nobody used for too long.
func (p *Portal) sweep(ctx context.Context) {
	ticker := time.NewTicker(p.syncer.sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.sessions.Sweep(ctx)
		}
	}
}

// Sync synchronizes a server now and returns its status afterwards. The error
// is [ErrUnknownServer], or that of ctx.
func (p *Portal) Sync(ctx context.Context, id string) (Status, error) {
	s, ok := p.byID[id]
	if !ok {
		return Status{}, ErrUnknownServer
	}
	p.syncer.sync(ctx, s)
	if err := ctx.Err(); err != nil {
		return Status{}, err
	}
	return p.syncer.status(id), nil
}

// sync asks a server for what it offers and puts that into the catalogue. A
// failure is noted and leaves the catalogue as it is.
func (s *syncer) sync(ctx context.Context, each *server) {
	select {
	case s.turn[each.ID] <- struct{}{}:
		defer func() { <-s.turn[each.ID] }()
	case <-ctx.Done():
		return
	}
	began := time.Now()
	offer, err := s.ask(ctx, each)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.note(each.ID, func(st *Status) { st.failed(began, err) })
		level := slog.LevelWarn
		if s.status(each.ID).State == Waiting { // for an authorization that nobody gave yet
			level = slog.LevelInfo
		}
		s.portal.log.Log(ctx, level, "sync", "server", each.ID, "error", err)
		return
	}
	listing := catalog.NewListing(offer)
	s.mu.Lock()
	s.portal.catalogue.Store(s.portal.catalogue.Load().With(listing))
	s.mu.Unlock()
	s.note(each.ID, func(st *Status) { st.succeeded(began, offer, listing) })
}

// ask opens a conversation with the admin's credential, lists, and closes it.
func (s *syncer) ask(ctx context.Context, each *server) (offer catalog.Offer, err error) {
	err = withToken(ctx, s.portal.credentials, each, credential.Admin, func(ctx context.Context) error {
		conn, err := s.direct[each.ID].Open(ctx, carrier(s.portal.credentials, each, credential.Admin), rpc.Caller{})
		if err != nil {
			return err
		}
		defer hangUp(ctx, conn)
		offer = catalog.Offer{Server: each.ID, Revision: conn.Revision()}
		if offer.Tools, err = list(ctx, conn, catalog.Tools); err != nil {
			return err
		}
		offer.Prompts, err = list(ctx, conn, catalog.Prompts)
		return err
	})
	return offer, err
}

// hangUp ends a sync's conversation. That it could not be ended does not spoil
// what was learned in it.
func hangUp(ctx context.Context, conn *upstream.Conn) {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = conn.Close(ctx)
}

// list is one list of a server. One that does not declare the capability, or
// has no such method, has none.
func list(ctx context.Context, conn *upstream.Conn, k catalog.Kind) ([]json.RawMessage, error) {
	if declared := conn.Capabilities(); declared != nil {
		if _, ok := rpc.Lookup(declared, k.String()); !ok {
			return nil, nil
		}
	}
	items, err := conn.List(ctx, k.String()+"/list", k.String())
	if refused, ok := errors.AsType[*rpc.Error](err); ok && refused.Code == rpc.CodeMethodNotFound {
		return nil, nil
	}
	return items, err
}

func (s *syncer) note(id string, change func(*Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.statuses[id]
	change(&st)
	s.statuses[id] = st
}

func (s *syncer) status(id string) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statuses[id]
}

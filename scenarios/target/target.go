// Package target says what a portal under test must offer, and nothing about
// how it does it: stories run against whatever fills a Town.
package target

import (
	"context"
	"net/http"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Feature is something a story needs that not every target has.
type Feature string

// The features stories ask for.
const (
	// VirtualTime: the whole town lives in one testing/synctest bubble, so that
	// hours take milliseconds.
	VirtualTime Feature = "virtual-time"
	// OwnAddresses: every party dials from an address of its own, so that an
	// upstream can tell who called.
	OwnAddresses Feature = "own-addresses"
	// FreshWorld: every story has a world of its own, in which nobody has been
	// before.
	FreshWorld Feature = "fresh-world"
	// Logs: what the portal itself logs can be read.
	Logs Feature = "logs"
)

// Target is a portal under test, ready to be put into a town.
type Target interface {
	// Name is the implementation and its version.
	Name() string
	// Has tells whether the target offers a feature.
	Has(Feature) bool
	// Open puts the portal into the world's town, in which every leg speaks the
	// revision of the Model Context Protocol, and returns when the portal has
	// finished its first synchronization. It must be called inside the bubble
	// if the target has VirtualTime.
	Open(ctx context.Context, world fixtures.World, revision string) (*Town, error)
}

// Claimant is a target that says itself what it answers for.
type Claimant interface{ Claims() verdict.Terms }

// Town is a portal standing among the parties it meets.
type Town struct {
	// Endpoint is the URL of the portal's MCP endpoint.
	Endpoint string
	// Origins are the origins of the parties that listen.
	Origins map[trace.Party]string
	// Addresses are the addresses that parties dial from; a party is missing if
	// its address cannot be told from others'.
	Addresses map[trace.Party]string
	// Refused are the servers of the world that the portal would not take, with
	// the reason it gave.
	Refused map[string]string
	// Admin is where the portal is administered.
	Admin Admin

	// Client gives a new party of the town, or one it knows already, an HTTP
	// client to dial with.
	Client func(trace.Party, trace.Role) (*http.Client, error)
	// Serve puts a new party into the town that answers under a DNS name, and
	// gives its origin.
	Serve func(party trace.Party, name string, answer http.Handler) (origin string, err error)
	// Opening is what was seen while the town was opened; empty for a target that
	// does not show it.
	Opening trace.Trace
	// Trace is what was seen since the town was opened, or since Forget.
	Trace func() trace.Trace
	// Forget drops what was seen so far.
	Forget func()
	// GatewayLog is the gateway's own HTTP log since Forget.
	GatewayLog func() []gateway.Record
	// Log is what the portal itself logged since it was put there; nil for a
	// target without Logs.
	Log func() string
	// Close takes the town down; nothing is left listening or running.
	Close func()
}

// Admin is how the portal's admin API is reached.
type Admin struct {
	Origin string
	Token  string
}

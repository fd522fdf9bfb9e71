// Package rpc is the JSON-RPC envelope of MCP and its event streams, kept raw:
// a message is looked at, never decoded and encoded again, so whatever the
// portal does not understand passes through byte for byte.
//
// It is also the only package that knows the dates of the protocol's
// revisions and what differs between them.
//
// # What is refused
//
// Many servers decode with a library that matches keys without regard to case,
// folds some Unicode letters onto ASCII ones, and lets the last of two equal
// keys win. A portal that decides on params.name and forwards the bytes would
// then be deciding on another call than the one that is run. [Parse] therefore
// refuses, beyond what RFC 8259 refuses: duplicate keys in any object
// (RFC 7493 §2.3), and in the envelope and in params every key that is spelled
// with an escape or that folds to a known key without being equal to it.
package rpc

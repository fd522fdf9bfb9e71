// Clients and servers that nobody here wrote, from npm, and a real browser: in
// a module of its own, so that neither `go run ./cmd/portico run` nor
// `go test ./...` compiles what it needs.
module github.com/portico-mcp/portico/scenarios/interop

go 1.26.0

require (
	github.com/chromedp/chromedp v0.23.0
	github.com/mark3labs/mcp-go v1.2.1
	github.com/google/go-cmp v0.7.0
	github.com/portico-mcp/portico v0.0.0
)

replace github.com/portico-mcp/portico => ../..

package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "agrees-to-anything", Says: "Answers an initialize in whatever revision it asks for.",
	Breaks: []string{"MCP-FS-26"},
	Tampering: inprocess.Tampering{Portal: at("/mcp", told("initialize", func(request, answer message) {
		if _, refused := answer["error"]; !refused {
			answer.member("result")["protocolVersion"] = request.member("params")["protocolVersion"]
		}
	}))},
})

package scenarios

import (
	"embed"
	"strconv"
	"strings"
)

//go:embed *.go
var sources embed.FS

// Text is the story as it is written, from its first line to its last, or empty
// if it is a rule.
func (s Story) Text() string {
	file, line, found := strings.Cut(strings.TrimPrefix(s.Source, "scenarios/"), ":")
	first, err := strconv.Atoi(line)
	if !found || err != nil {
		return ""
	}
	b, err := sources.ReadFile(file)
	lines := strings.Split(string(b), "\n")
	if err != nil || first > len(lines) {
		return ""
	}
	indent := lines[first-1][:len(lines[first-1])-len(strings.TrimLeft(lines[first-1], "\t"))]
	var text strings.Builder
	for _, l := range lines[first-1:] {
		text.WriteString(strings.TrimPrefix(l, indent) + "\n")
		if l == indent+"})" {
			break
		}
	}
	return text.String()
}

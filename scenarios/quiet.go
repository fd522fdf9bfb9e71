package scenarios

import (
	"io"

	"github.com/onsi/ginkgo/v2/formatter"
)

// quiet keeps Ginkgo from writing its own report: outside `go test` the
// results are ours to print.
func quiet() { formatter.ColorableStdOut = io.Discard }

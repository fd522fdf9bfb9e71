package live

import (
	"net/http"
)

const cookieName = "portico-control"

// pages adds the page of the town.
func (c *control) pages() {
	c.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {})
}

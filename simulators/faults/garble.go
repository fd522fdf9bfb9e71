package faults

import (
	"io"
	"net/http"
)

// garble answers 200 with a page where JSON is due, as a captive portal or a
// misplaced proxy does.
var garble = Kind{
	Name: "garble", At: everywhere,
	Sentence: "answers 200 with a web page in place of what was asked for",
	befall: func(Fault, http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<!doctype html><title>Welcome to our network</title><p>Please accept the terms.</p>\n")
		})
	},
}

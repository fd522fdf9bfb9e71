package faults

import "net/http"

// drop closes the connection without an answer.
var drop = Kind{
	Name: "drop", At: everywhere,
	Sentence: "closes the connection without an answer",
	befall: func(Fault, http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	},
}

package faults

import (
	"context"
	"net/http"
	"net/url"
)

type formKey struct{}

// withForm remembers a form that the layer has read.
func withForm(ctx context.Context, body string) context.Context {
	values, err := url.ParseQuery(body)
	if err != nil {
		return ctx
	}
	return context.WithValue(ctx, formKey{}, values)
}

// form is the form a request carries, as far as the layer has read it.
func form(r *http.Request) url.Values {
	values, _ := r.Context().Value(formKey{}).(url.Values)
	return values
}

package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// trouble is why there is no HTTP answer, or half of one.
type trouble struct {
	kind  troubleKind
	words string
	late  bool // the whole look was over
}

type troubleKind int

const (
	unreached   troubleKind = iota // no connection
	untrusted                      // TLS did not come about
	unanswered                     // a connection, and then nothing, or an end
	interrupted                    // half an answer
)

// troubleOf puts an error in words that say what to do.
func troubleOf(err error, t *track, begun bool, at *url.URL, took time.Duration) *trouble {
	if words := ofTLS(err, at); words != "" {
		return &trouble{kind: untrusted, words: words}
	}
	late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	switch {
	case begun && late:
		return &trouble{kind: interrupted, words: "the answer did not end within " + seconds(took)}
	case begun:
		return &trouble{kind: interrupted, words: "the answer breaks off"}
	}
	if words := ofDialling(err, late, t, at); words != "" {
		return &trouble{kind: unreached, words: words}
	}
	switch {
	case late:
		return &trouble{kind: unanswered, words: "there was no answer within " + seconds(took)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &trouble{kind: unanswered, words: "the connection was closed without an answer"}
	case t.connected.Load():
		return &trouble{kind: unanswered, words: "the answer is no HTTP: " + reason(err)}
	default:
		return &trouble{kind: unreached, words: at.Host + " cannot be reached (" + reason(err) + "): check the address"}
	}
}

// ofDialling is empty if the connection is not to blame.
func ofDialling(err error, late bool, t *track, at *url.URL) string {
	var name *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &name):
		return "no host is called " + at.Hostname() + ": check the name"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + address(at) + ": start the server, or check the port"
	case errors.As(err, &op) && op.Op == "dial" && (late || op.Timeout()), late && t.dialled.Load() && !t.connected.Load():
		return address(at) + " does not take connections: check the address, and what stands in between"
	case errors.As(err, &op) && op.Op == "dial":
		return address(at) + " cannot be reached (" + reason(op.Err) + "): check the address"
	default:
		return ""
	}
}

// ofTLS is empty if TLS is not to blame.
func ofTLS(err error, at *url.URL) string {
	var (
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		any       *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &name):
		return "the certificate is for other names than " + at.Hostname()
	case errors.As(err, &authority):
		return "the certificate is signed by nobody this machine trusts"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired, or is not valid yet"
	case errors.As(err, &invalid), errors.As(err, &any):
		return "the certificate cannot be verified"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return address(at) + " does not speak TLS: if it is meant to be plain http, write http://"
	case errors.As(err, &alert):
		return "the server ends the TLS handshake: " + reason(alert)
	default:
		return ""
	}
}

// reason is an error without the URL that net/http puts in front.
func reason(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return plain(err.Error())
}

// address is host and port, the port also where the URL leaves it out.
func address(at *url.URL) string {
	if at.Port() != "" {
		return at.Host
	}
	return net.JoinHostPort(strings.Trim(at.Host, "[]"), map[string]string{"http": "80", "https": "443"}[at.Scheme])
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}

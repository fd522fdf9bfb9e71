package portal

import (
	"log/slog"
	"time"
)

// logCall tells operators of one request.
func (p *Portal) logCall(q *request, took time.Duration, outcome string) {
	ctx := q.http.Context()
	if !p.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attrs := []slog.Attr{slog.String("method", q.Method), slog.Duration("took", took), slog.String("outcome", outcome)}
	if q.server != "" {
		attrs = append(attrs, slog.String("server", q.server), slog.String("name", q.name))
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

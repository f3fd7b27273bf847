package dtlstransport

import (
	"context"
	"log/slog"
)

// NewSlogTrace returns a Config.Trace that logs to l: changes of state at level
// Info, and Warn for an association that failed; alerts and hints at Info; all else,
// which is several lines for each datagram, at Debug. A level that l has off costs
// nothing but the question. There are no secrets in it, see TraceEvent.
//
// The time of a line is that of the event, so that a simulation logs its own.
func NewSlogTrace(l *slog.Logger) func(TraceEvent) {
	h := l.Handler()
	return func(e TraceEvent) {
		ctx, level := context.Background(), slogLevel(&e)
		if !h.Enabled(ctx, level) {
			return
		}
		r := slog.NewRecord(e.Time, level, "dtls "+e.Kind.String(), 0)
		r.AddAttrs(slog.String("role", e.Role.String()))
		if e.Remote != "" {
			r.AddAttrs(slog.String("remote", e.Remote))
		}
		e.addAttrs(&r)
		_ = h.Handle(ctx, r) // a log that fails is no failure of an association
	}
}

func slogLevel(e *TraceEvent) slog.Level {
	switch {
	case e.Kind == TraceState && e.State == StateFailed:
		return slog.LevelWarn
	case e.Kind == TraceState, e.Kind == TraceAlert, e.Kind == TraceHint:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// addAttrs adds what e tells by its kind.
func (e *TraceEvent) addAttrs(r *slog.Record) {
	switch e.Kind {
	case TraceDatagram:
		r.AddAttrs(slog.String("direction", e.Direction.String()), slog.Uint64("datagram", e.Datagram), slog.Int("size", e.Size))
	case TraceRecord:
		e.addRecord(r)
		r.AddAttrs(slog.Int("length", e.Record.Length))
	case TraceMessage:
		m := &e.Message
		e.addRecord(r)
		r.AddAttrs(slog.String("message", m.Type.String()), slog.Int("message_seq", int(m.Seq)), slog.Int("length", m.Length))
		if m.Bytes < m.Length {
			r.AddAttrs(slog.Int("offset", m.Offset), slog.Int("bytes", m.Bytes))
		}
	case TraceAlert:
		e.addRecord(r)
		r.AddAttrs(slog.String("alert", e.Alert.Description.String()), slog.Bool("fatal", e.Alert.Fatal))
	case TraceFlight:
		r.AddAttrs(slog.String("direction", e.Direction.String()), slog.String("cause", e.Flight.Cause.String()))
		if e.Direction == Sent {
			r.AddAttrs(slog.String("messages", e.Flight.Messages), slog.Int("sends", e.Flight.Sends))
		}
	case TraceHint:
		r.AddAttrs(slog.Any("err", e.Err), slog.Time("until", e.Deadline))
	case TraceDrop:
		r.AddAttrs(slog.String("reason", e.Drop.String()))
		if e.Datagram > 0 {
			e.addRecord(r)
		}
	case TraceState:
		r.AddAttrs(slog.String("state", e.State.String()))
		if e.Awaits != "" {
			r.AddAttrs(slog.String("awaits", e.Awaits))
		}
		if e.Err != nil {
			r.AddAttrs(slog.Any("err", e.Err))
		}
	}
}

// addRecord adds which record the event is about.
func (e *TraceEvent) addRecord(r *slog.Record) {
	r.AddAttrs(slog.String("direction", e.Direction.String()), slog.Uint64("datagram", e.Datagram), slog.String("type", e.Record.Type.String()),
		slog.Int("epoch", int(e.Record.Number.Epoch)), slog.Uint64("seq", e.Record.Number.Seq))
}

package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// SpansFromEnvironment returns an exporter as OpenTelemetry's environment says, and nil if there are to be no traces:
// OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) is unset, OTEL_TRACES_EXPORTER is none, or
// OTEL_SDK_DISABLED is true. OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf (the default) or grpc. The exporter itself
// reads the other variables: endpoint, headers, certificates, timeout. It does not wait for a connection.
//
// Source: OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter Configuration".
func SpansFromEnvironment(ctx context.Context, getenv func(string) string) (sdk.SpanExporter, error) {
	either := func(name string) string { // the traces' own variable goes before the general one
		if v := getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); v != "" {
			return v
		}
		return getenv("OTEL_EXPORTER_OTLP_" + name)
	}
	if either("ENDPOINT") == "" || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	if exporter := getenv("OTEL_TRACES_EXPORTER"); exporter != "" && exporter != "otlp" {
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER is %q; Homeroom exports otlp, or none", exporter)
	}
	var (
		exporter sdk.SpanExporter
		err      error
	)
	switch protocol := either("PROTOCOL"); protocol {
	case "", "http/protobuf":
		exporter, err = otlptracehttp.New(ctx)
	case "grpc":
		exporter, err = otlptracegrpc.New(ctx)
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; there are http/protobuf and grpc", protocol)
	}
	if err != nil {
		return nil, fmt.Errorf("the OpenTelemetry exporter, as OTEL_EXPORTER_OTLP_… says: %w", err)
	}
	return exporter, nil
}

// startTracing makes the tracer. Sampling is as OTEL_TRACES_SAMPLER says, the service's name as OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES say.
func (t *Telemetry) startTracing(o Options) {
	const name = "homeroom"
	if o.Spans == nil {
		t.tracer = noop.NewTracerProvider().Tracer(name)
		return
	}
	attributes := []attribute.KeyValue{attribute.String("service.name", name)}
	if o.Version != "" {
		attributes = append(attributes, attribute.String("service.version", o.Version))
	}
	about, err := resource.New(context.Background(), resource.WithAttributes(attributes...), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		o.Log.Warn("what OTEL_RESOURCE_ATTRIBUTES says could not be read in full", "error", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Log.Warn("traces", "error", err) }))
	t.spans = sdk.NewTracerProvider(sdk.WithResource(about), sdk.WithBatcher(cleanExporter{o.Spans}))
	t.tracer = t.spans.Tracer(name)
}

// startSpan begins a span; end ends it. An error makes it a failed one.
func (t *Telemetry) startSpan(ctx context.Context, name string, about ...attribute.KeyValue) (_ context.Context, end func(err error, more ...attribute.KeyValue)) {
	ctx, s := t.tracer.Start(ctx, name, trace.WithAttributes(about...))
	return ctx, func(err error, more ...attribute.KeyValue) {
		s.SetAttributes(more...)
		if err != nil {
			s.SetStatus(codes.Error, Redact(err.Error()))
		}
		s.End()
	}
}

// cleanExporter takes what looks like an address out of spans before they leave.
type cleanExporter struct{ sdk.SpanExporter }

// ExportSpans implements trace.SpanExporter.
func (c cleanExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	cleaned := make([]sdk.ReadOnlySpan, len(spans))
	for i, s := range spans {
		cleaned[i] = cleanSpan{s}
	}
	return c.SpanExporter.ExportSpans(ctx, cleaned)
}

type cleanSpan struct{ sdk.ReadOnlySpan }

// Name implements trace.ReadOnlySpan.
func (s cleanSpan) Name() string { return Redact(s.ReadOnlySpan.Name()) }

// Attributes implements trace.ReadOnlySpan.
func (s cleanSpan) Attributes() []attribute.KeyValue {
	return cleanAttributes(s.ReadOnlySpan.Attributes())
}

// Status implements trace.ReadOnlySpan.
func (s cleanSpan) Status() sdk.Status {
	status := s.ReadOnlySpan.Status()
	status.Description = Redact(status.Description)
	return status
}

// Events implements trace.ReadOnlySpan.
func (s cleanSpan) Events() []sdk.Event {
	events := make([]sdk.Event, 0, len(s.ReadOnlySpan.Events()))
	for _, e := range s.ReadOnlySpan.Events() {
		e.Attributes = cleanAttributes(e.Attributes)
		events = append(events, e)
	}
	return events
}

func cleanAttributes(list []attribute.KeyValue) []attribute.KeyValue {
	cleaned := make([]attribute.KeyValue, len(list))
	for i, kv := range list {
		switch kv.Value.Type() {
		case attribute.STRING:
			kv = attribute.String(string(kv.Key), Redact(kv.Value.AsString()))
		case attribute.STRINGSLICE:
			texts := kv.Value.AsStringSlice()
			for j := range texts {
				texts[j] = Redact(texts[j])
			}
			kv = attribute.StringSlice(string(kv.Key), texts)
		default: // numbers and truth values
		}
		cleaned[i] = kv
	}
	return cleaned
}

// traceIDs are what a log line says about the span it was written in.
func traceIDs(ctx context.Context) []slog.Attr {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return nil
	}
	return []slog.Attr{slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String())}
}

package tracing

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The variables that are decided by (OpenTelemetry's specification, "Environment
// Variable Specification" and "OpenTelemetry Protocol Exporter").
const (
	sdkDisabled    = "OTEL_SDK_DISABLED"
	exporter       = "OTEL_TRACES_EXPORTER"
	endpoint       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	protocol       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	tracesProtocol = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
)

// Configure decides whether there are traces: where OTEL_TRACES_EXPORTER is otlp, or an
// endpoint is named and it is not said. Unlike the specification's default, nothing is
// sent to a collector that nobody named. What cannot be done is an error, which tells no
// value that may be secret.
func Configure(lookup func(name string) (string, bool)) (on bool, err error) {
	get := func(name string) string { // an empty one is as one that is not there
		value, _ := lookup(name)
		return strings.TrimSpace(value)
	}
	if strings.EqualFold(get(sdkDisabled), "true") {
		return false, nil
	}
	switch named := get(exporter); named {
	case "none":
		return false, nil
	case "otlp":
	case "":
		if get(endpoint) == "" && get(tracesEndpoint) == "" {
			return false, nil
		}
	default:
		return false, fmt.Errorf("%s is otlp or none here", exporter)
	}
	for _, name := range []string{tracesProtocol, protocol} {
		if p := get(name); p != "" && p != "http/protobuf" {
			return false, fmt.Errorf("%s is http/protobuf here: collectors take it on port 4318", name)
		}
	}
	for _, name := range []string{tracesEndpoint, endpoint} {
		if err := checkEndpoint(get(name)); err != nil {
			return false, fmt.Errorf("%s %w", name, err)
		}
	}
	return true, nil
}

// checkEndpoint refuses what the SDK would silently take for its default.
func checkEndpoint(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New("is no address of a collector: want a URL such as http://localhost:4318")
	case u.User != nil:
		return errors.New("has a user or password in it: they would stand in logs; give them in OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}

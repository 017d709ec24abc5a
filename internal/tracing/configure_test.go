package tracing

import (
	"strings"
	"testing"
)

func TestConfigure(t *testing.T) {
	for name, tt := range map[string]struct {
		env  map[string]string
		on   bool
		want string // of the error
	}{
		"nothing":                        {nil, false, ""},
		"an endpoint":                    {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, true, ""},
		"one for traces":                 {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector.example/v1/traces"}, true, ""},
		"the exporter, at its default":   {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"no traces, and an endpoint":     {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, false, ""},
		"switched off":                   {map[string]string{"OTEL_SDK_DISABLED": "TRUE", "OTEL_TRACES_EXPORTER": "otlp"}, false, ""},
		"switched off, and wrong":        {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "x"}, false, ""},
		"not switched off":               {map[string]string{"OTEL_SDK_DISABLED": "false", "OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"empty ones":                     {map[string]string{"OTEL_TRACES_EXPORTER": "", "OTEL_EXPORTER_OTLP_ENDPOINT": " "}, false, ""},
		"another exporter":               {map[string]string{"OTEL_TRACES_EXPORTER": "console"}, false, "OTEL_TRACES_EXPORTER is otlp or none here"},
		"the protocol":                   {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, true, ""},
		"another protocol":               {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf here"},
		"another protocol, of traces":    {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, false, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is"},
		"another protocol, of nothing":   {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, ""},
		"no URL":                         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, false, "is no address of a collector"},
		"no host":                        {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://:4318"}, false, "is no address of a collector"},
		"no URL at all":                  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://s3cret%zz"}, false, "is no address of a collector"},
		"a password":                     {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://ada:s3cret@collector"}, false, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT has a user or password"},
		"the second of two that is none": {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector", "OTEL_EXPORTER_OTLP_ENDPOINT": "s3cret"}, false, "OTEL_EXPORTER_OTLP_ENDPOINT is no address"},
	} {
		on, err := Configure(func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok })
		switch {
		case on != tt.on || (err != nil) != (tt.want != ""):
			t.Errorf("%s: %t, %v", name, on, err)
		case err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret")):
			t.Errorf("%s: %v", name, err)
		}
	}
}

package journey_test

import (
	"os"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(asLender) != "" {
		os.Exit(lend())
	}
	os.Exit(journey.Main(m))
}

// each runs f once on each engine.
func each(t *testing.T, f func(t *testing.T, engine store.Engine)) {
	t.Helper()
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) { f(t, engine) })
	}
}

// times multiplies how often something is tried: `make prove` takes its time.
func times(n int) int {
	if proving() {
		return 20 * n
	}
	return n
}

func proving() bool { return os.Getenv("DESKAUTH_PROVE") == "1" }

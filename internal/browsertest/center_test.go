package browsertest

import "testing"

// TestCenterByScript works the parts of the Admin Center that a script eases: the
// identifier that follows the name, Copy, and the .env file.
func TestCenterByScript(t *testing.T) {
	_, zendesk := startDev(t)
	var said struct{ Done bool }
	Run(t, "center", map[string]any{"zendesk": zendesk, "email": "admin@acme.example", "password": "ada-demo-password"}, &said)
	if !said.Done && !t.Failed() {
		t.Error("the journey did not come to its end")
	}
}

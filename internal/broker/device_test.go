package broker_test

import (
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/oauth"
)

func TestPoll(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	open := broker.Device{Program: "cli", Expires: now.Add(time.Minute), Pause: 5 * time.Second, State: broker.DeviceOpen}
	with := func(edit func(*broker.Device)) broker.Device {
		d := open
		edit(&d)
		return d
	}
	for name, c := range map[string]struct {
		d       broker.Device
		program string
		told    oauth.Code
		slow    bool
	}{
		"first":        {open, "cli", oauth.AuthorizationPending, false},
		"in time":      {with(func(d *broker.Device) { d.Polled = now.Add(-5 * time.Second) }), "cli", oauth.AuthorizationPending, false},
		"too soon":     {with(func(d *broker.Device) { d.Polled = now.Add(-4 * time.Second) }), "cli", oauth.SlowDown, true},
		"denied":       {with(func(d *broker.Device) { d.State = broker.DeviceDenied }), "cli", oauth.AccessDenied, false},
		"over":         {with(func(d *broker.Device) { d.Expires = now }), "cli", oauth.ExpiredToken, false},
		"allowed":      {with(func(d *broker.Device) { d.State, d.Polled = broker.DeviceAllowed, now }), "cli", "", false},
		"allowed late": {with(func(d *broker.Device) { d.State, d.Expires = broker.DeviceAllowed, now }), "cli", oauth.ExpiredToken, false},
		"spent":        {with(func(d *broker.Device) { d.State = broker.DeviceSpent }), "cli", oauth.InvalidGrant, false},
		"another's":    {with(func(d *broker.Device) { d.State = broker.DeviceAllowed }), "other", oauth.InvalidGrant, false},
	} {
		if told, slow := c.d.Poll(now, c.program); told != c.told || slow != c.slow {
			t.Errorf("%s: %q, slow %t", name, told, slow)
		}
	}
}

func TestShownUserCode(t *testing.T) {
	for typed, want := range map[string]string{
		"WDJB-MJHT": "WDJB-MJHT", "wdjbmjht": "WDJB-MJHT", " wd jb–mj ht ": "WDJB-MJHT", "WDJB\u00a0MJHT": "WDJB-MJHT",
		"": "", "WDJB-MJH": "", "WDJB-MJHTT": "", "WDJA-MJHT": "", "WDJB_MJHT": "", "ＷDJBMJHT": "", "WDJB-MJHſ": "",
	} {
		if got := broker.ShownUserCode(typed); got != want {
			t.Errorf("%q is read as %q, want %q", typed, got, want)
		}
	}
}

func FuzzUserCode(f *testing.F) {
	f.Add("WDJB-MJHT")
	f.Add(" wd jb–mj ht ")
	f.Add("K\u212aKKKKKK\xff")
	f.Fuzz(func(t *testing.T, typed string) {
		code := broker.ShownUserCode(typed)
		if code == "" {
			return
		}
		if again := broker.ShownUserCode(code); again != code || len(code) != 9 || code[4] != '-' {
			t.Fatalf("%q is read as %q, and that as %q", typed, code, again)
		}
	})
}

// ask begins a device sign-in.
func (h *house) ask(edit ...func(*broker.AskDevice)) broker.DeviceCodes {
	h.t.Helper()
	r := broker.AskDevice{Program: "cli", Address: "192.0.2.7"}
	for _, f := range edit {
		f(&r)
	}
	codes, err := h.AskDevice(h.t.Context(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	testlog.Issued(h.t, codes.DeviceCode.Reveal())
	return codes
}

// allow goes through the sign-in by which a person allows a device.
func (h *house) allow(code secret.Plain) (broker.Arrival, error) {
	h.t.Helper()
	d, err := h.AllowDevice(h.t.Context(), code.Reveal(), "198.51.100.1", broker.ConnectRequest{Account: "acme"})
	if err != nil {
		h.t.Fatal(err)
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.Callback(h.t.Context(), answer(u.Query().Get("state")), d.Browser)
}

// told is what the program is told, or "key".
func (h *house) told(codes broker.DeviceCodes) string {
	_, plain, err := h.DeviceKey(h.t.Context(), codes.DeviceCode, "cli")
	var refused *oauth.Error
	if errors.As(err, &refused) {
		return string(refused.Code)
	} else if err != nil {
		h.t.Error(err)
	}
	testlog.Issued(h.t, plain.Reveal())
	return "key"
}

func TestDeviceIsAllowed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		codes := h.ask()
		if got := h.told(codes); got != "authorization_pending" {
			t.Fatal(got)
		}
		d, err := h.DeviceOf(t.Context(), codes.UserCode.Reveal(), "198.51.100.1")
		if err != nil || d.Program != "cli" || d.Address != "192.0.2.7" || !d.Scope.Equal(oauth.Scope{"read"}) || d.Product != broker.Support {
			t.Fatalf("%+v, %v", d, err)
		}
		a, err := h.allow(codes.UserCode)
		if err != nil || a.Program != "cli" || a.Connection.User.ID != 7 {
			t.Fatalf("%+v, %v", a, err)
		}
		// Fifty pollers at once: one key.
		var wg sync.WaitGroup
		var mu sync.Mutex
		var keys []broker.Key
		for range 50 {
			wg.Go(func() {
				k, plain, err := h.DeviceKey(t.Context(), codes.DeviceCode, "cli")
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					testlog.Issued(t, plain.Reveal())
					if got, err := h.KeyOf(t.Context(), plain); err != nil || got.ID != k.ID || !got.Allows(broker.Lend, a.Connection.ID) ||
						got.Allows(broker.Lend, a.Connection.ID+1) || got.Allows(broker.Link, 0) {
						t.Errorf("%+v, %v", got, err)
					}
					keys = append(keys, k)
				} else if oauth.ErrorCode(err) != oauth.InvalidGrant {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		all, err := h.Keys(t.Context())
		if err != nil || len(keys) != 1 || len(all) != 1 || all[0].Name != "cli" || !all[0].Expires.Equal(h.clock.now().Add(90*24*time.Hour)) {
			t.Errorf("%d pollers have a key, %d keys are stored: %+v, %v", len(keys), len(all), all, err)
		}
		// The code is over for the person too.
		if _, err := h.DeviceOf(t.Context(), codes.UserCode.Reveal(), "198.51.100.1"); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("again: %v", err)
		}
	})
}

func TestDeviceIsDenied(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		here, there, late := h.ask(), h.ask(), h.ask()
		if _, err := h.DenyDevice(t.Context(), here.UserCode.Reveal(), "198.51.100.1"); err != nil {
			t.Fatal(err)
		}
		// Or at Zendesk.
		d, err := h.AllowDevice(t.Context(), there.UserCode.Reveal(), "198.51.100.1", broker.ConnectRequest{Account: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(d.URL)
		_, err = h.Callback(t.Context(), url.Values{"error": {"access_denied"}, "state": {u.Query().Get("state")}}, d.Browser)
		var failure *broker.Failure
		if !errors.As(err, &failure) || failure.Kind != broker.Denied || failure.Device == 0 {
			t.Errorf("at Zendesk: %v", err)
		}
		for name, codes := range map[string]broker.DeviceCodes{"here": here, "at Zendesk": there} {
			if got := h.told(codes); got != "access_denied" {
				t.Errorf("%s: %s", name, got)
			}
			if _, err := h.DenyDevice(t.Context(), codes.UserCode.Reveal(), "198.51.100.1"); !errors.Is(err, broker.ErrNotFound) {
				t.Errorf("%s, twice: %v", name, err)
			}
		}
		// Who signs in when the time is over connects nothing: the code is not exchanged.
		d, err = h.AllowDevice(t.Context(), late.UserCode.Reveal(), "198.51.100.1", broker.ConnectRequest{Account: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		u, _ = url.Parse(d.URL)
		h.clock.move(10*time.Minute - time.Second)
		if got := h.told(late); got != "authorization_pending" {
			t.Errorf("just before: %s", got)
		}
		second, err := h.Connect(t.Context(), broker.ConnectRequest{Account: "acme"})
		if err != nil || second.URL == "" {
			t.Fatal(err)
		}
		h.clock.move(time.Second)
		if got := h.told(late); got != "expired_token" {
			t.Errorf("just after: %s", got)
		}
		if _, err := h.Callback(t.Context(), answer(u.Query().Get("state")), d.Browser); err == nil {
			t.Error("a connection was made")
		}
		if all, err := h.Connections(t.Context(), 0, 10); err != nil || len(all) != 0 {
			t.Errorf("%d connections, %v", len(all), err)
		}
	})
}

// Two windows with one code: one program gets one connection, and the second person
// is told.
func TestDeviceAllowedTwice(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		codes := h.ask(func(r *broker.AskDevice) { r.Account = "acme" })
		second, err := h.AllowDevice(t.Context(), codes.UserCode.Reveal(), "198.51.100.1", broker.ConnectRequest{Account: "globex"})
		if err != nil {
			t.Fatal(err)
		}
		first, err := h.allow(codes.UserCode)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(second.URL)
		if u.Host != h.z.base.URL("acme").Host {
			t.Errorf("the program named acme, and the person is sent to %s", u.Host)
		}
		var failure *broker.Failure
		if _, err := h.Callback(t.Context(), answer(u.Query().Get("state")), second.Browser); !errors.As(err, &failure) || failure.Kind != broker.DeviceOver {
			t.Errorf("the second: %v", err)
		}
		k, plain, err := h.DeviceKey(t.Context(), codes.DeviceCode, "cli")
		if err != nil || k.Connections[0] != first.Connection.ID {
			t.Fatalf("%+v, %v", k, err)
		}
		testlog.Issued(t, plain.Reveal())
	})
}

func TestDeviceSlowsDown(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		codes := h.ask()
		for i, c := range []struct {
			after time.Duration
			want  string
		}{
			{0, "authorization_pending"},
			{4 * time.Second, "slow_down"},              // now every 10 s
			{9 * time.Second, "slow_down"},              // now every 15 s
			{15 * time.Second, "authorization_pending"}, //
		} {
			h.clock.move(c.after)
			if got := h.told(codes); got != c.want {
				t.Errorf("question %d: %s, want %s", i+1, got, c.want)
			}
		}
		if _, _, err := h.DeviceKey(t.Context(), codes.DeviceCode, "another"); oauth.ErrorCode(err) != oauth.InvalidGrant {
			t.Errorf("another program: %v", err)
		}
		if _, _, err := h.DeviceKey(t.Context(), secret.Of("nothing"), "cli"); oauth.ErrorCode(err) != oauth.InvalidGrant {
			t.Errorf("an unknown code: %v", err)
		}
	})
}

func TestWrongUserCodesAreLimited(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		codes := h.ask()
		wrong := "BBBB-BBBB"
		if codes.UserCode.Reveal() == wrong {
			wrong = "CCCC-CCCC"
		}
		try := func(code, address string) error {
			_, err := h.DeviceOf(t.Context(), code, address)
			return err
		}
		var many *broker.TooMany
		for range 50 { // who is right is never slowed down; what is no code, counts for nothing
			if err := try(codes.UserCode.Reveal(), "2001:db8::1"); err != nil {
				t.Fatal(err)
			}
			if err := try("not a code", "2001:db8::1"); !errors.Is(err, broker.ErrNotFound) {
				t.Fatal(err)
			}
		}
		for n := range 10 {
			if err := try(wrong, fmt.Sprintf("2001:db8::%d", n)); !errors.Is(err, broker.ErrNotFound) {
				t.Fatalf("try %d: %v", n, err)
			}
		}
		if err := try(codes.UserCode.Reveal(), "2001:db8::99"); !errors.As(err, &many) || many.Wait != 10*time.Minute {
			t.Errorf("of the same network: %v", err)
		}
		if err := try(codes.UserCode.Reveal(), "2001:db8:1::1"); err != nil {
			t.Errorf("of another: %v", err)
		}
		for n := range 990 {
			if err := try(wrong, fmt.Sprintf("198.51.%d.%d", n/100, n%100)); !errors.Is(err, broker.ErrNotFound) {
				t.Fatalf("try %d of all: %v", n, err)
			}
		}
		if err := try(codes.UserCode.Reveal(), "203.0.113.1"); !errors.As(err, &many) {
			t.Errorf("after a thousand: %v", err)
		}
		h.clock.move(10 * time.Minute)
		fresh := h.ask()
		if err := try(fresh.UserCode.Reveal(), "2001:db8::1"); err != nil {
			t.Errorf("in the next window: %v", err)
		}
	})
}

func TestOpenDevicesAreLimited(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for range 50 {
			h.ask()
		}
		var many *broker.TooMany
		if _, err := h.AskDevice(t.Context(), broker.AskDevice{Program: "cli", Address: "192.0.2.7"}); !errors.As(err, &many) {
			t.Errorf("the 51st: %v", err)
		}
		h.ask(func(r *broker.AskDevice) { r.Address = "192.0.2.8" })
		h.clock.move(10 * time.Minute)
		last := h.ask()
		// What is over goes, an hour later.
		h.clock.move(2 * time.Hour)
		if err := h.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Store.DeviceByCode(t.Context(), last.Code); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("it is left: %v", err)
		}
	})
}

// A program may deny its own codes: it gets no more of them by that, and leaves nothing.
func TestDeniedDevicesAreLimited(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for range 50 {
			if _, err := h.DenyDevice(t.Context(), h.ask().UserCode.Reveal(), "192.0.2.7"); err != nil {
				t.Fatal(err)
			}
		}
		var many *broker.TooMany
		if _, err := h.AskDevice(t.Context(), broker.AskDevice{Program: "cli", Address: "192.0.2.7"}); !errors.As(err, &many) {
			t.Errorf("the 51st: %v", err)
		}
		h.clock.move(2 * time.Hour)
		if err := h.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, err := h.Events(t.Context(), broker.EventFilter{Kind: broker.DeviceRefused}, 0, 10); err != nil || len(left) != 0 {
			t.Errorf("%d events are left, %v", len(left), err)
		}
	})
}

func TestAskDeviceRefuses(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.Accounts = broker.Accounts{"acme"}
		for name, c := range map[string]struct {
			r    broker.AskDevice
			code oauth.Code
		}{
			"no name":        {broker.AskDevice{}, oauth.InvalidRequest},
			"a blank":        {broker.AskDevice{Program: " cli"}, oauth.InvalidRequest},
			"a line break":   {broker.AskDevice{Program: "cli\nAllow"}, oauth.InvalidRequest},
			"another script": {broker.AskDevice{Program: "сli"}, oauth.InvalidRequest},
			"too long":       {broker.AskDevice{Program: string(make([]byte, 65))}, oauth.InvalidRequest},
			"product":        {broker.AskDevice{Program: "cli", Product: "talk"}, oauth.InvalidRequest},
			"account":        {broker.AskDevice{Program: "cli", Account: "-"}, oauth.InvalidRequest},
			"not served":     {broker.AskDevice{Program: "cli", Account: "globex"}, oauth.InvalidRequest},
			"a slip":         {broker.AskDevice{Program: "cli", Scope: oauth.Scope{"read", "raed"}}, oauth.InvalidScope},
			"scope":          {broker.AskDevice{Program: "cli", Scope: oauth.Scope{`re"ad`}}, oauth.InvalidScope},
		} {
			if _, err := h.AskDevice(t.Context(), c.r); oauth.ErrorCode(err) != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

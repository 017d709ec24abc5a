package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// A device gets its key so (RFC 8628):
//
//	AskDevice ──► two codes: one for the program, one for a person
//	                 │
//	                 ├── DeviceKey, again and again: pending …
//	                 │
//	DeviceOf ──► the person sees who asks ──► DenyDevice, or
//	AllowDevice ──► a Flow, as any sign-in ──► Callback ──► allowed with that connection
//	                 │
//	                 └── DeviceKey: the code is spent and the key made, in one step

// AskDevice is how a program asks.
type AskDevice struct {
	Program string // its client_id
	Account string // "": the person says it
	Product Product
	Scope   oauth.Scope // empty: the broker's default
	Address string      // where it asks from
}

// DeviceCodes are a device and its codes, which nothing can show again.
type DeviceCodes struct {
	Device
	DeviceCode, UserCode secret.Plain
}

// Bounds of how many devices there are that nobody allowed, in the time that a code
// lives: an address may be that of a whole office. Those that were denied count too, or
// a program that denies its own codes could go on without end.
const (
	devicesOfAddress = 50
	devicesOfAll     = 10_000
)

// AskDevice lets a program begin to wait. The error may be *oauth.Error, or *TooMany.
func (b *Broker) AskDevice(ctx context.Context, r AskDevice) (DeviceCodes, error) {
	if err := b.checkAsked(&r); err != nil {
		return DeviceCodes{}, err
	}
	now := b.now()
	// Two at once may pass the bound together: it is against many, not against one more.
	ofAddress, all, err := b.Store.UnallowedDevices(ctx, block(r.Address), now)
	if err != nil {
		return DeviceCodes{}, err
	}
	if ofAddress >= devicesOfAddress || all >= devicesOfAll {
		return DeviceCodes{}, &TooMany{time.Minute}
	}
	for range moveTries { // another may have the same user code
		codes := DeviceCodes{DeviceCode: secret.State(b.Rand), UserCode: newUserCode(b.Rand)}
		codes.Device = Device{
			Code: codes.DeviceCode.Digest(), UserCode: codes.UserCode.Digest(),
			Program: r.Program, Account: r.Account, Product: r.Product, Scope: r.Scope, Address: block(r.Address),
			Created: now, Expires: now.Add(deviceLife), Pause: devicePause, State: DeviceOpen,
		}
		if err := b.Store.AddDevice(ctx, codes.Device); !errors.Is(err, ErrConflict) {
			return codes, err
		}
	}
	return DeviceCodes{}, fmt.Errorf("make a code: %w", ErrConflict)
}

// checkAsked completes what a program asked for.
func (b *Broker) checkAsked(r *AskDevice) error {
	if r.Product == "" {
		r.Product = Support
	}
	if r.Scope.IsEmpty() {
		r.Scope = b.Scope
	}
	if !programName(r.Program) {
		return oauth.Errorf(oauth.InvalidRequest, "'client_id' is a name of 1 to %d characters of ASCII.", programMost)
	}
	if _, served := policies[r.Product]; !served {
		return oauth.Errorf(oauth.InvalidRequest, "'product' is support or chat.")
	}
	if len(r.Scope.String()) > textMost {
		return oauth.Errorf(oauth.InvalidScope, "'scope' is too long.")
	}
	if why := policies[r.Product].doubtScope(r.Scope, b.Scope); why != "" {
		return oauth.Errorf(oauth.InvalidScope, "'scope': %s.", why)
	}
	if r.Account == "" {
		return nil
	}
	account, err := b.Base.CleanSubdomain(r.Account)
	if err != nil || !b.Accounts.Serve(account) {
		return oauth.Errorf(oauth.InvalidRequest, "'account' is no subdomain whose people may connect here.")
	}
	r.Account = account
	return nil
}

// DeviceOf finds the device of a code that a person at an address typed. The error is
// ErrNotFound for a code that nobody waits with, or *TooMany.
func (b *Broker) DeviceOf(ctx context.Context, typed, address string) (Device, error) {
	code := readUserCode(typed)
	if code.IsZero() { // nothing is learnt by it
		return Device{}, ErrNotFound
	}
	if err := b.wrongCodes.take(userCodes, b.now(), address); err != nil {
		return Device{}, err
	}
	d, err := b.Store.DeviceByUserCode(ctx, code.Digest())
	if err == nil && !d.Open(b.now()) {
		// Of a code that was good until a moment ago nothing is to be guessed either.
		return Device{}, ErrNotFound
	}
	if err == nil || !errors.Is(err, ErrNotFound) {
		b.wrongCodes.giveBack(address)
	}
	return d, err
}

// DenyDevice tells the program no. Errors are DeviceOf's.
func (b *Broker) DenyDevice(ctx context.Context, typed, address string) (Device, error) {
	d, err := b.DeviceOf(ctx, typed, address)
	if err != nil {
		return d, err
	}
	return d, b.deny(ctx, d)
}

func (b *Broker) deny(ctx context.Context, d Device) error {
	d.State = DeviceDenied
	err := b.Store.DecideDevice(ctx, d, b.now(), b.deviceEvent(DeviceRefused, Actor{}, d))
	if errors.Is(err, ErrConflict) { // decided already, or over
		return ErrNotFound
	}
	return err
}

func (b *Broker) deviceEvent(kind EventKind, by Actor, d Device) Event {
	return Event{At: b.now(), Kind: kind, By: by, Account: d.Account, Connection: d.Connection, Detail: d.Program}
}

// AllowDevice begins the sign-in by which a person allows a device. Of r, the account
// counts where the program named none. Errors are DeviceOf's and Connect's.
func (b *Broker) AllowDevice(ctx context.Context, typed, address string, r ConnectRequest) (Departure, error) {
	d, err := b.DeviceOf(ctx, typed, address)
	if err != nil {
		return Departure{}, err
	}
	if d.Account != "" {
		r.Account = d.Account
	}
	r.Product, r.Scope, r.ReturnTo, r.device = d.Product, d.Scope, "", d.ID
	return b.Connect(ctx, r)
}

// deviceWaits tells whether the device of a flow, if it has one, still waits.
func (b *Broker) deviceWaits(ctx context.Context, f Flow) (bool, error) {
	if f.Device == 0 {
		return true, nil
	}
	d, err := b.Store.Device(ctx, f.Device)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && d.Open(b.now()), err
}

// deviceArrives lets the device of a flow have the connection that the flow came to.
// The connection stays though nobody waits for it any more: it is that person's.
func (b *Broker) deviceArrives(ctx context.Context, a Arrival) (Arrival, error) {
	if a.Flow.Device == 0 {
		return a, nil
	}
	for range moveTries {
		d, err := b.Store.Device(ctx, a.Flow.Device)
		switch {
		case errors.Is(err, ErrNotFound):
			return Arrival{}, a.Flow.failure(DeviceOver, nil)
		case err != nil:
			return Arrival{}, err
		case d.Connection == a.Connection.ID: // a page loaded again
			a.Program = d.Program
			return a, nil
		case !d.Open(b.now()):
			return Arrival{}, a.Flow.failure(DeviceOver, nil)
		}
		d.State, d.Connection, d.Account = DeviceAllowed, a.Connection.ID, a.Connection.Account
		if err := b.Store.DecideDevice(ctx, d, b.now(), b.deviceEvent(DeviceLet, Person(a.Connection.Account, a.Connection.User.ID), d)); err == nil {
			a.Program = d.Program
			return a, nil
		} else if !errors.Is(err, ErrConflict) {
			return Arrival{}, err
		}
	}
	return Arrival{}, fmt.Errorf("device %d: %w", a.Flow.Device, ErrConflict)
}

// deviceDenied tells the program of a flow that its person said no at Zendesk.
func (b *Broker) deviceDenied(ctx context.Context, f Flow, err error) error {
	var failure *Failure
	if f.Device == 0 || !errors.As(err, &failure) || failure.Kind != Denied {
		return err
	}
	d, missing := b.Store.Device(ctx, f.Device)
	if missing != nil {
		return err
	}
	if bad := b.deny(ctx, d); bad != nil && !errors.Is(bad, ErrNotFound) {
		failure.Err = errors.Join(failure.Err, bad) // it will hear that the code is over
	}
	return err
}

// DeviceKey answers a program that asks by its device code. The key is made in the step
// that spends the code, and shown here alone. The error may be *oauth.Error.
func (b *Broker) DeviceKey(ctx context.Context, code secret.Plain, program string) (Key, secret.Plain, error) {
	for range moveTries {
		d, err := b.Store.DeviceByCode(ctx, code.Digest())
		if errors.Is(err, ErrNotFound) {
			return Key{}, secret.Plain{}, oauth.Errorf(oauth.InvalidGrant, "unknown device code")
		} else if err != nil {
			return Key{}, secret.Plain{}, err
		}
		now := b.now()
		told, slow := d.Poll(now, program)
		switch told {
		case "":
			k, plain, err := b.spendDevice(ctx, d, now)
			if !errors.Is(err, ErrConflict) {
				return k, plain, err
			}
		case oauth.AuthorizationPending, oauth.SlowDown:
			if err := b.Store.DevicePolled(ctx, d.asked(now, slow), d.Polled); !errors.Is(err, ErrConflict) {
				return Key{}, secret.Plain{}, eitherFault(err, told)
			}
		default:
			return Key{}, secret.Plain{}, oauth.Errorf(told, "device %d", d.ID)
		}
	}
	// So many of them ask at once that none gets through.
	return Key{}, secret.Plain{}, oauth.Errorf(oauth.SlowDown, "others ask by the same device code")
}

// eitherFault is a fault of ours, or else what the program is told.
func eitherFault(err error, told oauth.Code) error {
	if err != nil {
		return err
	}
	return oauth.Errorf(told, "nobody has decided yet")
}

func (b *Broker) spendDevice(ctx context.Context, d Device, now time.Time) (Key, secret.Plain, error) {
	plain := b.newKeySecret()
	k := d.key(now, plain)
	c, err := b.Store.Connection(ctx, d.Connection)
	if err != nil && !errors.Is(err, ErrNotFound) { // revoked since: the step refuses
		return Key{}, secret.Plain{}, err
	}
	made := Event{At: now, Kind: KeyMade, Connection: d.Connection, Detail: k.Name}
	if c.User.ID != 0 {
		made.By = Person(c.Account, c.User.ID) // who allowed it
	}
	k, err = b.Store.SpendDevice(ctx, d.ID, k, made)
	if err != nil {
		return Key{}, secret.Plain{}, err
	}
	return k, plain, nil
}

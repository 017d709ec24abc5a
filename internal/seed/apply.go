package seed

import (
	"context"
	"fmt"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
)

// Apply adds what the accounts of the file lack, and alters nothing that is
// there: to apply a file again changes nothing, and two processes may at once.
// An account that has tickets gets none, nor fields one that ever had one. Each
// account is one atomic step, its fields another, its tickets a third, and each
// global client with those who approve it a fourth.
//
// The notes are sentences for a person: where the database differs from the file
// and was left as it is. They show no values.
func (f File) Apply(ctx context.Context, i *issuer.Issuer, d desk.Store) (notes []string, err error) {
	for _, a := range f.Accounts {
		planted, differs, err := i.Plant(ctx, a.Planting)
		if err != nil {
			return notes, err
		}
		for _, n := range differs {
			notes = append(notes, n.String())
		}
		if err := a.addFields(ctx, i, d, planted.ID); err != nil {
			return notes, fmt.Errorf("account %s: %w", a.Account.Subdomain, err)
		}
		if err := a.openTickets(ctx, i, d, planted.ID); err != nil {
			return notes, fmt.Errorf("account %s: %w", a.Account.Subdomain, err)
		}
	}
	for _, g := range f.GlobalClients {
		differs, err := i.PlantGlobal(ctx, g)
		if err != nil {
			return notes, err
		}
		for _, n := range differs {
			notes = append(notes, n.String())
		}
	}
	return notes, nil
}

func (a Account) addFields(ctx context.Context, i *issuer.Issuer, d desk.Store, id issuer.AccountID) error {
	fields := make([]desk.Field, 0, len(a.Fields))
	for _, want := range a.Fields {
		f, err := desk.NewField(desk.AccountID(id), i.Now(), want)
		if err != nil {
			return err
		}
		fields = append(fields, f)
	}
	_, err := d.PlantFields(ctx, desk.AccountID(id), fields)
	return err
}

func (a Account) openTickets(ctx context.Context, i *issuer.Issuer, d desk.Store, id issuer.AccountID) error {
	tickets := make([]desk.Opening, 0, len(a.Tickets))
	for _, t := range a.Tickets {
		u, err := i.Store.UserByEmail(ctx, id, t.Requester)
		if err != nil {
			return fmt.Errorf("requester %s: %w", t.Requester, err)
		}
		tickets = append(tickets, desk.NewTicket(i.Now(), desk.UserID(u.ID), t.Subject, t.Comment))
	}
	_, err := d.PlantTickets(ctx, desk.AccountID(id), tickets)
	return err
}

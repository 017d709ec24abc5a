package desk

import (
	"context"

	"github.com/deskauth/deskauth/internal/issuer"
)

// The kinds of jobs. What Zendesk calls them is not known.
const (
	BulkCreate = "Bulk Create Ticket"
	BulkUpdate = "Bulk Update Ticket"
	BulkDelete = "Bulk Delete Ticket"
)

// action is what each task of the job does.
func (j Job) action() string {
	return map[string]string{BulkCreate: "create", BulkUpdate: "update", BulkDelete: "delete"}[j.Kind]
}

// NumberedChange is a change of the ticket of a number.
type NumberedChange struct {
	Number int64
	Change
}

// OpenMany opens tickets in the background, as OpenTicket does each of them. It
// returns ErrTooManyJobs.
func (d *Desk) OpenMany(c issuer.Caller, drafts []Draft, from Origin) (Job, error) {
	var tasks []task
	for _, draft := range drafts {
		tasks = append(tasks, func(ctx context.Context) (int64, error) {
			o, err := d.OpenTicket(ctx, c, draft, from)
			if err != nil {
				return 0, err
			}
			return o.Ticket.Number, nil
		})
	}
	return d.queue(c, BulkCreate, tasks)
}

// ChangeMany changes tickets in the background, as ChangeTicket does each of them.
// It returns ErrTooManyJobs.
func (d *Desk) ChangeMany(c issuer.Caller, changes []NumberedChange, from Origin) (Job, error) {
	var tasks []task
	for _, change := range changes {
		tasks = append(tasks, func(ctx context.Context) (int64, error) {
			_, _, err := d.ChangeTicket(ctx, c, change.Number, change.Change, from)
			return change.Number, err
		})
	}
	return d.queue(c, BulkUpdate, tasks)
}

// DeleteMany deletes tickets in the background. It returns ErrTooManyJobs.
func (d *Desk) DeleteMany(c issuer.Caller, numbers []int64) (Job, error) {
	var tasks []task
	for _, number := range numbers {
		tasks = append(tasks, func(ctx context.Context) (int64, error) { return number, d.DeleteTicket(ctx, c, number) })
	}
	return d.queue(c, BulkDelete, tasks)
}

func (d *Desk) queue(c issuer.Caller, kind string, tasks []task) (Job, error) {
	a, by := caller(c)
	if !by.Agent {
		return Job{}, ErrForbidden
	}
	job, err := newJob(d.Rand, a, kind)
	if err != nil {
		return Job{}, err
	}
	return d.Jobs.queue(job, tasks, d.now)
}

// JobsOf are the jobs of the caller's account, the newest first, for those who work
// on tickets.
func (d *Desk) JobsOf(c issuer.Caller) ([]Job, error) {
	a, by := caller(c)
	if !by.Agent {
		return nil, ErrForbidden
	}
	return d.Jobs.Of(a), nil
}

// Job returns a job of the caller's account to those who work on tickets.
func (d *Desk) Job(c issuer.Caller, id string) (Job, error) {
	a, by := caller(c)
	if !by.Agent {
		return Job{}, ErrForbidden
	}
	return d.Jobs.Find(a, id)
}

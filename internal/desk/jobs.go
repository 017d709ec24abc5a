package desk

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// JobStatus is how far a job is.
type JobStatus string

// Zendesk's words for it.
const (
	JobQueued    JobStatus = "queued"
	JobWorking   JobStatus = "working"
	JobFailed    JobStatus = "failed" // it was broken off
	JobCompleted JobStatus = "completed"
)

// Job is many tasks that are done in the background, one after the other.
type Job struct {
	ID       string
	Serial   int64 // counts the jobs of this process
	Account  AccountID
	Kind     string // what Zendesk calls its type
	Status   JobStatus
	Total    int
	Progress int      // how many tasks are done
	Results  []Result // of those
	Created  time.Time
	Ended    time.Time // zero: not yet
}

// Result is what became of one task.
type Result struct {
	Index  int
	Number int64 // of the ticket; 0: there is none
	Action string
	Err    error
}

// task does one thing of a job, in one atomic step, and tells of which ticket.
type task func(ctx context.Context) (number int64, err error)

// Bounds. That of an account is what Zendesk documents, as is how long a job can be
// asked for; the other keeps the memory of the process.
const (
	accountJobsMost = 30
	jobsKept        = 1000
	jobLife         = time.Hour
)

// Jobs are those of one process, which end with it: what was done is done, what was
// not is not, and no task is half done. One task runs at a time. The zero value is
// ready for use; it is safe for concurrent use, and must not be copied.
type Jobs struct {
	// Fault is told of errors that are no answer to a client; nil: nobody is. It is
	// set before use.
	Fault func(job string, err error)

	mu      sync.Mutex
	serial  int64
	all     []*running // the newest last
	waiting []*running
	stop    context.CancelFunc // ends the worker; nil: none is there
	idle    chan struct{}      // closed when the worker is gone
	closed  bool
}

// running is a job and what it has yet to do.
type running struct {
	Job
	tasks []task
}

// queue puts a job in the queue, and returns it. It returns ErrTooManyJobs.
func (j *Jobs) queue(job Job, tasks []task, now func() time.Time) (Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := now()
	j.all = slices.DeleteFunc(j.all, func(r *running) bool { return !r.Ended.IsZero() && at.Sub(r.Ended) >= jobLife })
	open := 0
	for _, r := range j.all {
		if r.Account == job.Account && r.Ended.IsZero() {
			open++
		}
	}
	if j.closed || open >= accountJobsMost || len(j.waiting) >= jobsKept/2 {
		return Job{}, ErrTooManyJobs
	}
	j.serial++
	job.Serial, job.Status, job.Total, job.Created = j.serial, JobQueued, len(tasks), at
	r := &running{job, tasks}
	if ended := slices.IndexFunc(j.all, func(r *running) bool { return !r.Ended.IsZero() }); len(j.all) >= jobsKept && ended >= 0 {
		j.all = slices.Delete(j.all, ended, ended+1)
	}
	j.all, j.waiting = append(j.all, r), append(j.waiting, r)
	if j.stop == nil {
		// No request waits for the job, so that none of them bounds it.
		ctx, stop := context.WithCancel(context.Background())
		j.stop, j.idle = stop, make(chan struct{})
		go j.work(ctx, j.idle, now)
	}
	return job, nil
}

// work does all that waits, and ends.
func (j *Jobs) work(ctx context.Context, idle chan struct{}, now func() time.Time) {
	defer close(idle)
	for {
		j.mu.Lock()
		if len(j.waiting) == 0 || ctx.Err() != nil {
			j.stop()
			j.stop, j.waiting = nil, nil
			j.mu.Unlock()
			return
		}
		r := j.waiting[0]
		j.waiting, r.Status = j.waiting[1:], JobWorking
		tasks := r.tasks
		r.tasks = nil
		j.mu.Unlock()
		for n, do := range tasks {
			if ctx.Err() != nil {
				break
			}
			number, err := guarded(ctx, do)
			if err != nil && !answers(err) && j.Fault != nil {
				j.Fault(r.ID, err)
			}
			j.mu.Lock()
			r.Progress++
			r.Results = append(r.Results, Result{Index: n, Number: number, Action: r.action(), Err: err})
			j.mu.Unlock()
		}
		j.mu.Lock()
		if r.Status, r.Ended = JobCompleted, now(); r.Progress < r.Total {
			r.Status = JobFailed
		}
		j.mu.Unlock()
	}
}

// guarded turns a panic into an error: it is nobody's request that could answer it.
func guarded(ctx context.Context, do task) (number int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a task panicked: %v", p)
		}
	}()
	return do(ctx)
}

// answers tells whether an error is one that a client is told.
func answers(err error) bool {
	var invalid Invalids
	return errors.As(err, &invalid) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || errors.Is(err, ErrForbidden) ||
		errors.Is(err, ErrOutdated) || errors.Is(err, context.Canceled)
}

// Find returns a job of an account, or ErrNotFound.
func (j *Jobs) Find(a AccountID, id string) (Job, error) {
	for _, job := range j.Of(a) {
		if job.ID == id {
			return job, nil
		}
	}
	return Job{}, ErrNotFound
}

// Of are the jobs of an account, the newest first.
func (j *Jobs) Of(a AccountID) (all []Job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range slices.Backward(j.all) {
		if r.Account == a {
			job := r.Job
			job.Results = slices.Clone(job.Results)
			all = append(all, job)
		}
	}
	return all
}

// Settle waits until no job is left to do.
func (j *Jobs) Settle(ctx context.Context) error {
	for {
		j.mu.Lock()
		busy, idle := j.stop != nil, j.idle
		j.mu.Unlock()
		if !busy {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Forget breaks off what is being done, after the task that is under way, and
// forgets all jobs.
func (j *Jobs) Forget() {
	j.mu.Lock()
	idle := j.idle
	j.waiting = nil
	if j.stop != nil {
		j.stop()
	}
	j.mu.Unlock()
	if idle != nil {
		<-idle
	}
	j.mu.Lock()
	j.all = nil
	j.mu.Unlock()
}

// Close is Forget, and takes no more jobs.
func (j *Jobs) Close() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.Forget()
}

// newJob begins a job, with a number nobody can guess.
func newJob(rand io.Reader, a AccountID, kind string) (Job, error) {
	var id [16]byte
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return Job{}, fmt.Errorf("number a job: %w", err)
	}
	return Job{ID: hex.EncodeToString(id[:]), Account: a, Kind: kind}, nil
}

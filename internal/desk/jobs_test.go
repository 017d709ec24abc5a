package desk

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// held is a task that has begun and waits until it is let go.
func held() (do task, begun, release chan struct{}) {
	begun, release = make(chan struct{}), make(chan struct{})
	return func(context.Context) (int64, error) {
		close(begun)
		<-release
		return 1, nil
	}, begun, release
}

func settled(t *testing.T, j *Jobs) {
	t.Helper()
	if err := j.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestJobsAreDoneInTheirOrder(t *testing.T) {
	var j Jobs
	var faults []string
	j.Fault = func(job string, err error) { faults = append(faults, job+": "+err.Error()) }
	settled(t, &j)
	first, begun, release := held()
	fails := func(err error) task { return func(context.Context) (int64, error) { return 2, err } }
	panics := func(context.Context) (int64, error) { panic("oh") }
	made, err := j.queue(Job{ID: "a", Account: 1, Kind: BulkUpdate}, []task{first, fails(Invalids{{Field: "x"}}), fails(errors.New("disk")), panics}, at(noon))
	if err != nil || made.Status != JobQueued || made.Total != 4 || made.Serial != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := j.queue(Job{ID: "b", Account: 2, Kind: BulkDelete}, nil, at(noon)); err != nil {
		t.Fatal(err)
	}
	<-begun
	if got, err := j.Find(1, "a"); err != nil || got.Status != JobWorking || got.Progress != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := j.Find(2, "b"); err != nil || got.Status != JobQueued {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := j.Find(2, "a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account's: %v", err)
	}
	close(release)
	settled(t, &j)
	got, err := j.Find(1, "a")
	if err != nil || got.Status != JobCompleted || got.Progress != 4 || !got.Ended.Equal(noon) {
		t.Fatalf("%+v, %v", got, err)
	}
	var all []string
	for _, r := range got.Results {
		all = append(all, fmt.Sprintf("%d %d %s %t", r.Index, r.Number, r.Action, r.Err != nil))
	}
	if want := []string{"0 1 update false", "1 2 update true", "2 2 update true", "3 0 update true"}; !slices.Equal(all, want) {
		t.Errorf("results %q", all)
	}
	if want := []string{"a: disk", "a: a task panicked: oh"}; !slices.Equal(faults, want) {
		t.Errorf("faults %q, want %q", faults, want)
	}
	if got, err := j.Find(2, "b"); err != nil || got.Status != JobCompleted {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestJobsAreBounded(t *testing.T) {
	var j Jobs
	first, begun, release := held()
	if _, err := j.queue(Job{ID: "0", Account: 1}, []task{first}, at(noon)); err != nil {
		t.Fatal(err)
	}
	<-begun
	for n := 1; n < accountJobsMost; n++ {
		if _, err := j.queue(Job{ID: fmt.Sprint(n), Account: 1}, nil, at(noon)); err != nil {
			t.Fatal(n, err)
		}
	}
	if _, err := j.queue(Job{ID: "x", Account: 1}, nil, at(noon)); !errors.Is(err, ErrTooManyJobs) {
		t.Errorf("one more: %v", err)
	}
	if _, err := j.queue(Job{ID: "x", Account: 2}, nil, at(noon)); err != nil {
		t.Errorf("another account's: %v", err)
	}
	close(release)
	settled(t, &j)
	if got := j.Of(1); len(got) != accountJobsMost || got[0].ID != fmt.Sprint(accountJobsMost-1) {
		t.Errorf("%d jobs, the newest %+v", len(got), got[0])
	}
	// Those that ended an hour ago are forgotten, and however many came since, the oldest are.
	if _, err := j.queue(Job{ID: "late", Account: 1}, nil, at(noon.Add(jobLife))); err != nil {
		t.Fatal(err)
	}
	settled(t, &j)
	if got := j.Of(1); len(got) != 1 {
		t.Errorf("%d jobs are left", len(got))
	}
	for n := range jobsKept + 10 {
		if _, err := j.queue(Job{ID: fmt.Sprint(n), Account: 3}, nil, at(noon.Add(jobLife))); err != nil {
			t.Fatal(n, err)
		}
		settled(t, &j)
	}
	if got := len(j.Of(1)) + len(j.Of(2)) + len(j.Of(3)); got != jobsKept {
		t.Errorf("%d jobs are kept", got)
	}
}

// What is broken off ends between two tasks: none is half done.
func TestJobsAreBrokenOffBetweenTasks(t *testing.T) {
	var j Jobs
	first, begun, release := held()
	var after []string
	note := func(what string) task {
		return func(context.Context) (int64, error) { after = append(after, what); return 0, nil }
	}
	done := func(ctx context.Context) (int64, error) {
		n, err := first(ctx)
		after = append(after, "first")
		return n, err
	}
	if _, err := j.queue(Job{ID: "a", Account: 1}, []task{done, note("second")}, at(noon)); err != nil {
		t.Fatal(err)
	}
	if _, err := j.queue(Job{ID: "b", Account: 1}, []task{note("third")}, at(noon)); err != nil {
		t.Fatal(err)
	}
	<-begun
	gone := make(chan struct{})
	go func() { j.Close(); close(gone) }()
	closing := func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.closed && j.waiting == nil
	}
	for !closing() {
		runtime.Gosched()
	}
	select {
	case <-gone:
		t.Fatal("it did not wait for the task that was under way")
	default:
	}
	close(release)
	<-gone
	if got := strings.Join(after, " "); got != "first" {
		t.Errorf("done: %s", got)
	}
	if len(j.Of(1)) > 0 {
		t.Errorf("left: %+v", j.Of(1))
	}
	if _, err := j.queue(Job{ID: "c", Account: 1}, nil, at(noon)); !errors.Is(err, ErrTooManyJobs) {
		t.Errorf("after the end: %v", err)
	}
}

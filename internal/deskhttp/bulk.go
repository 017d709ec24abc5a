package deskhttp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// bulkRoutes change many tickets by one request. What is wrong with its form is
// answered at once; what cannot be done to a ticket, its result tells.
func (s *Server) bulkRoutes() []apihttp.Route {
	routes := []apihttp.Route{
		{Method: http.MethodPost, Path: zendesk.TicketsPath + "/create_many", Serve: s.createTickets},
		{Method: http.MethodPut, Path: zendesk.TicketsPath + "/update_many", Serve: s.updateTickets},
		{Method: http.MethodDelete, Path: zendesk.TicketsPath + "/destroy_many", Serve: s.deleteTickets},
	}
	for n := range routes {
		routes[n].Scopes, routes[n].Roles = ticketsWrite, agents
	}
	return routes
}

func (s *Server) createTickets(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	list, err := req.ParamsList("tickets")
	if err != nil {
		return apihttp.Response{}, err
	}
	var drafts []desk.Draft
	var strangers []stranger
	for _, p := range list {
		draft, who, err := readDraft(p)
		if err != nil {
			return apihttp.Response{}, err
		}
		drafts, strangers = append(drafts, draft), append(strangers, who)
	}
	if err := s.meetAll(ctx, req, strangers); err != nil {
		return apihttp.Response{}, err
	}
	return queued(req)(s.Desk.OpenMany(req.Caller, drafts, origin(req)))
}

// updateTickets does the same to the tickets of some numbers, "?ids=1,2", or to
// each of a list what that says of it.
func (s *Server) updateTickets(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	read := changesOfEach
	if req.URL.Query().Has("ids") {
		read = sameChange
	}
	changes, strangers, err := read(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	for _, change := range changes {
		if err := req.Spend(sameTicketLimit(req.Caller.User.ID, change.Number)); err != nil {
			return apihttp.Response{}, err
		}
	}
	if err := s.meetAll(ctx, req, strangers); err != nil {
		return apihttp.Response{}, err
	}
	return queued(req)(s.Desk.ChangeMany(req.Caller, changes, origin(req)))
}

func sameChange(req apihttp.Request) (all []desk.NumberedChange, _ []stranger, err error) {
	ids, err := req.IDs("ids")
	if err != nil {
		return nil, nil, err
	}
	change, who, err := ticketChange(req)
	for _, id := range ids {
		all = append(all, desk.NumberedChange{Number: id, Change: change})
	}
	return all, []stranger{who}, err
}

func changesOfEach(req apihttp.Request) (all []desk.NumberedChange, strangers []stranger, err error) {
	list, err := req.ParamsList("tickets")
	if err != nil {
		return nil, nil, err
	}
	for _, p := range list {
		id := p.Number("id")
		change, who, err := readChange(p)
		if err == nil && id == nil {
			err = zendesk.ParameterMissing("id")
		}
		if err != nil {
			return nil, nil, err
		}
		all, strangers = append(all, desk.NumberedChange{Number: *id, Change: change}), append(strangers, who)
	}
	return all, strangers, nil
}

func (s *Server) deleteTickets(_ context.Context, req apihttp.Request) (apihttp.Response, error) {
	ids, err := req.IDs("ids")
	if err != nil {
		return apihttp.Response{}, err
	}
	return queued(req)(s.Desk.DeleteMany(req.Caller, ids))
}

// meetAll makes users of those whom the request describes, before the job begins.
func (s *Server) meetAll(ctx context.Context, req apihttp.Request, strangers []stranger) error {
	for _, who := range strangers {
		if err := s.meet(ctx, req, who); err != nil {
			return err
		}
	}
	return nil
}

// tooManyJobsWait is how long a client should wait that was refused, in seconds. It
// is our own: nobody knows how long a job takes.
const tooManyJobsWait = "5"

func queued(req apihttp.Request) func(desk.Job, error) (apihttp.Response, error) {
	return func(job desk.Job, err error) (apihttp.Response, error) {
		if errors.Is(err, desk.ErrTooManyJobs) {
			refused := zendesk.TooManyJobs
			return apihttp.Response{Status: refused.Status(), Header: http.Header{"Retry-After": {tooManyJobsWait}}, Body: refused}, nil
		}
		if err != nil {
			return apihttp.Response{}, err
		}
		return apihttp.Response{Body: zendesk.JobStatusEnvelope{JobStatus: jobStatus(req.Base, job)}}, nil
	}
}

// jobRoutes tell how far such requests are.
func (s *Server) jobRoutes() []apihttp.Route {
	read := []string{zendesk.Read}
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.JobStatusesPath, Scopes: read, Roles: agents, Serve: s.listJobs},
		{Method: http.MethodGet, Path: zendesk.JobStatusesPath + "/show_many", Scopes: read, Roles: agents, Serve: s.showJobs},
		{Method: http.MethodGet, Path: zendesk.JobStatusesPath + "/{id}", Scopes: read, Roles: agents, Serve: s.showJob},
	}
}

// serialMost is beyond the serial of any job, and below 2^53.
const serialMost = 1 << 52

// listJobs has the newest first, which by cursor is the order of the numbers: those
// count down here.
func (s *Server) listJobs(_ context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	jobs, err := s.Desk.JobsOf(req.Caller)
	if err != nil {
		return apihttp.Response{}, err
	}
	number := func(j desk.Job) int64 { return serialMost - j.Serial }
	return apihttp.Listed(req, p, "job_statuses", issuer.Page[desk.Job](desk.PageOf(jobs, number, desk.Range(p.Range))), number,
		func(j desk.Job) zendesk.JobStatus { return jobStatus(req.Base, j) }), nil
}

// showJobs leaves out what there is not.
func (s *Server) showJobs(_ context.Context, req apihttp.Request) (apihttp.Response, error) {
	ids, err := req.Words("ids")
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := []zendesk.JobStatus{}
	for _, id := range ids {
		job, err := s.Desk.Job(req.Caller, id)
		if errors.Is(err, desk.ErrNotFound) {
			continue
		} else if err != nil {
			return apihttp.Response{}, err
		}
		shown = append(shown, jobStatus(req.Base, job))
	}
	return apihttp.Response{Body: zendesk.JobStatusesEnvelope{JobStatuses: shown}}, nil
}

func (s *Server) showJob(_ context.Context, req apihttp.Request) (apihttp.Response, error) {
	job, err := s.Desk.Job(req.Caller, req.PathValue("id"))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.JobStatusEnvelope{JobStatus: jobStatus(req.Base, job)}}, nil
}

func jobStatus(base string, job desk.Job) zendesk.JobStatus {
	total, progress := int64(job.Total), int64(job.Progress)
	shown := zendesk.JobStatus{
		ID: job.ID, JobType: job.Kind, URL: base + zendesk.JobStatusesPath + "/" + job.ID + ".json",
		Total: &total, Progress: &progress, Status: string(job.Status),
	}
	if job.Status == desk.JobQueued {
		shown.Progress = nil
		return shown
	}
	if !job.Ended.IsZero() {
		words := "Completed at "
		if job.Status == desk.JobFailed {
			words = "Failed at "
		}
		words += job.Ended.UTC().Format("2006-01-02 15:04:05 -0700")
		shown.Message = &words
	}
	results := []zendesk.JobResult{}
	for _, r := range job.Results {
		results = append(results, jobResult(r))
	}
	shown.Results = &results
	return shown
}

// done are Zendesk's words for what a task did.
var done = map[string]string{"create": "Created", "update": "Updated", "delete": "Deleted"}

func jobResult(r desk.Result) zendesk.JobResult {
	shown := zendesk.JobResult{ID: r.Number, Action: r.Action}
	if r.Action == "create" {
		index := int64(r.Index)
		shown.Index = &index
	}
	if r.Err == nil {
		shown.Status, shown.Success = done[r.Action], true
		return shown
	}
	shown.Error, shown.Details = jobError(r.Err)
	return shown
}

// jobError are the words of the answer that the task would have got by itself. What
// is no answer for a client says nothing more.
func jobError(err error) (code, words string) {
	var invalid desk.Invalids
	if errors.As(err, &invalid) {
		var all []string
		for _, one := range invalid {
			all = append(all, wordsOf(one))
		}
		return "RecordInvalid", strings.Join(all, ", ")
	}
	var known zendesk.Refusal
	if !errors.As(refusal(err), &known) {
		return "InternalError", "Internal Server Error"
	}
	body, _ := known.MarshalJSON() // which cannot fail
	answer := zendesk.ParseAPIError(known.Status(), http.Header{}, body)
	return answer.Code, answer.Description
}

package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/worker"
	"homeroom/workflows"
)

// checkTemporal looks at Temporal, its namespace, and who works for it.
func (e *examination) checkTemporal(ctx context.Context) {
	c, namespace, err := e.opts.Temporal(ctx)
	if err != nil {
		e.reportFailure("temporal", err.Error(), "start Temporal, or say where it is with TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_TLS… and TEMPORAL_API_KEY")
		e.reportNotChecked("Temporal is not reachable", "namespace", "search-attributes", "workers", "failing")
		return
	}
	defer c.Close()
	e.checkTemporalServer(ctx, c)
	if !e.checkNamespace(ctx, c, namespace) {
		e.reportNotChecked("the namespace could not be looked at", "search-attributes", "workers", "failing")
		return
	}
	e.checkSearchAttributes(ctx, c, namespace)
	e.checkWorkers(ctx, c)
	e.checkFailing(ctx, c)
}

// checkFailing names learners whose workflows get nowhere with the events that they were handed.
func (e *examination) checkFailing(ctx context.Context, c client.Client) {
	found, err := worker.FindFailing(ctx, c, maxFailingTold)
	switch {
	case err != nil:
		e.addFinding("failing", NotChecked, err.Error(), "")
	case found.Count > 0:
		e.reportWarning("failing", describeFailing(found), "`homeroom learner stuck` lists them, and their page in the Temporal UI says more; what they were handed waits, and is decided once the cause is mended")
	case found.TasksUnknown:
		e.addFinding("failing", NotChecked, "no learner's decisions fail; this Temporal does not tell of workflow tasks that fail", "upgrade it to 1.30 or later")
	default:
		e.reportOK("failing", "every learner's workflow gets on")
	}
}

// maxFailingTold is how many learners of a kind the doctor names.
const maxFailingTold = 5

func describeFailing(found worker.FailingLearners) string {
	var told []string
	for _, f := range found.Some {
		told = append(told, fmt.Sprintf("%s (%s)", f.Learner, strings.TrimSuffix(f.Step+": "+f.Cause, ": ")))
	}
	if more := found.Count - len(told); more > 0 {
		told = append(told, fmt.Sprintf("%d more", more))
	}
	whose := fmt.Sprintf("%d learners' workflows get nowhere", found.Count)
	if found.Count == 1 {
		whose = "1 learner's workflow gets nowhere"
	}
	return whose + ": " + strings.Join(told, "; ")
}

// The oldest server that knows all that Homeroom asks for: user metadata on workflows and activities.
const oldestMajor, oldestMinor = 1, 26

func (e *examination) checkTemporalServer(ctx context.Context, c client.Client) {
	info, err := c.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
	switch {
	case err != nil:
		e.reportFailure("temporal", "it does not answer: "+err.Error(), "look at the server's log")
	case info.ServerVersion == "":
		e.reportOK("temporal", "reachable; it does not tell its version")
	case !atLeast(info.ServerVersion, oldestMajor, oldestMinor):
		e.reportWarning("temporal", "Temporal "+info.ServerVersion, fmt.Sprintf("upgrade it to %d.%d or later, the oldest that Homeroom expects", oldestMajor, oldestMinor))
	default:
		e.reportOK("temporal", "Temporal "+info.ServerVersion)
	}
}

// Retention is how long the histories of closed runs are kept: each learner's run closes about once a day.
const longRetention = 14 * 24 * time.Hour

// advisedRetention is what the doctor says a namespace should have; docker-compose.yml gives it the same.
const advisedRetention = "168h"

func (e *examination) checkNamespace(ctx context.Context, c client.Client, namespace string) bool {
	d, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	var unknown *serviceerror.NamespaceNotFound
	var denied *serviceerror.PermissionDenied
	switch {
	case errors.As(err, &unknown):
		e.reportFailure("namespace", fmt.Sprintf("there is no namespace %q", namespace), fmt.Sprintf("make it with `temporal operator namespace create -n %s --retention %s`, or name another with TEMPORAL_NAMESPACE", namespace, advisedRetention))
		return false
	case errors.As(err, &denied):
		e.addFinding("namespace", NotChecked, fmt.Sprintf("the key may not describe the namespace %q", namespace), "")
		return true
	case err != nil:
		e.reportFailure("namespace", err.Error(), "look at the server's log")
		return false
	}
	retention := d.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	says := fmt.Sprintf("%s keeps closed runs for %s", namespace, engine.FormatDuration(retention))
	if retention > longRetention {
		e.reportWarning("namespace", says, "every learner closes a run now and then, so this is most of the database; a week is enough (`temporal operator namespace update -n "+namespace+" --retention "+advisedRetention+"`)")
		return true
	}
	e.reportOK("namespace", says)
	return true
}

func (e *examination) checkSearchAttributes(ctx context.Context, c client.Client, namespace string) {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	var denied *serviceerror.PermissionDenied
	switch {
	case errors.As(err, &denied):
		e.addFinding("search-attributes", NotChecked, "the key may not list them", "see that the namespace has "+listAttributes(e.opts.SearchAttributes))
		return
	case err != nil:
		e.reportFailure("search-attributes", "they cannot be listed: "+err.Error(), "look at the server's log")
		return
	}
	var wrong []string
	for name, want := range e.opts.SearchAttributes {
		if got, known := have.CustomAttributes[name]; known && got != want {
			wrong = append(wrong, fmt.Sprintf("%s is of type %s, needed is %s", name, got, want))
		}
	}
	missing := missingNames(e.opts.SearchAttributes, have.CustomAttributes)
	switch {
	case len(wrong) > 0:
		e.reportFailure("search-attributes", strings.Join(wrong, "\n"), "remove or rename them (`temporal operator search-attribute remove`), then "+runSetup)
	case len(missing) > 0:
		e.reportFailure("search-attributes", "missing: "+strings.Join(missing, ", "), runSetup)
	default:
		e.reportOK("search-attributes", "all "+fmt.Sprint(len(e.opts.SearchAttributes))+" are there, each of its type")
	}
}

func listAttributes(want map[string]enums.IndexedValueType) string {
	var list []string
	for _, name := range missingNames(want, map[string]struct{}{}) {
		list = append(list, name+" "+want[name].String())
	}
	return strings.Join(list, ", ")
}

// checkWorkers looks at whether anybody takes the tasks.
func (e *examination) checkWorkers(ctx context.Context, c client.Client) {
	var idle []string
	for _, queue := range []struct {
		name string
		kind enums.TaskQueueType
	}{{workflows.TaskQueue, enums.TASK_QUEUE_TYPE_WORKFLOW}, {workflows.DeliverTaskQueue, enums.TASK_QUEUE_TYPE_ACTIVITY}} {
		d, err := c.DescribeTaskQueue(ctx, queue.name, queue.kind)
		if err != nil {
			e.addFinding("workers", NotChecked, "the task queue "+queue.name+" cannot be looked at: "+err.Error(), "")
			return
		}
		if len(d.Pollers) == 0 {
			idle = append(idle, queue.name)
		}
	}
	if len(idle) > 0 {
		e.reportWarning("workers", "nobody has asked for tasks of "+strings.Join(idle, " and ")+" lately", "start `homeroom serve` with the role worker, against this namespace")
		return
	}
	e.reportOK("workers", "both task queues are served")
}

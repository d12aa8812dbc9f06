package app_test

import (
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/components/workload"
)

func TestAStrategySaysWhetherTwoVersionsMayRun(t *testing.T) {
	strategy := func(s app.Strategy) appsv1.DeploymentStrategy {
		rec := deploy(t, func(a *app.Args) { a.Strategy = s })
		return read[appsv1.Deployment](t, rec, "web-deployment").Spec.Strategy
	}
	rolling := strategy("")
	expect(t, "the default", rolling.Type, appsv1.RollingUpdateDeploymentStrategyType)
	expect(t, "pods at once that may be missing", rolling.RollingUpdate.MaxUnavailable.IntValue(), 0)
	recreate := strategy(app.Recreate)
	expect(t, "the other", recreate.Type, appsv1.RecreateDeploymentStrategyType)
	expect(t, "what it says of rolling", recreate.RollingUpdate == nil, true)
	if _, _, err := attempt(t, func(a *app.Args) { a.Strategy = "BlueGreen" }); fmt.Sprint(err) !=
		`recording stack test: application web: strategy "BlueGreen": want RollingUpdate or Recreate` {
		t.Errorf("got the error %v for a strategy that nobody knows", err)
	}
}

func TestACanaryIsAVersionOfItsOwnWithTheSameRights(t *testing.T) {
	change := func(a *app.Args) {
		a.Canary = &app.Canary{Image: "registry.example.com/web:2.0.0", Weight: 15, Replicas: 1}
		a.Replicas, a.Autoscaling = nil, &app.Autoscaling{Min: 2, Max: 5, CPU: 70}
		a.Migration = &app.Migration{Command: []string{"migrate"}, Timeout: 60}
	}
	rec, made, err := attempt(t, change)
	if err != nil {
		t.Fatal(err)
	}
	canary := read[appsv1.Deployment](t, rec, "web-canary-deployment")
	expect(t, "image", canary.Spec.Template.Spec.Containers[0].Image, "registry.example.com/web:2.0.0")
	expect(t, "pods", *canary.Spec.Replicas, 1)
	expect(t, "account", canary.Spec.Template.Spec.ServiceAccountName, "web")
	expect(t, "selector", canary.Spec.Selector.MatchLabels["app.kubernetes.io/name"], "web-canary")
	expect(t, "migration", read[batchv1.Job](t, rec, "web-canary-migration").Spec.Template.Spec.Containers[0].Image,
		"registry.example.com/web:2.0.0")
	// The version that serves is as it would be without.
	stable := read[appsv1.Deployment](t, rec, "web-deployment")
	expect(t, "the version that serves", stable.Spec.Template.Spec.Containers[0].Image, "registry.example.com/web:1.2.3")
	service := read[corev1.Service](t, rec, "web-service")
	expect(t, "whom its Service leads to", service.Spec.Selector["app.kubernetes.io/name"], "web")
	scaler := read[autoscalingv2.HorizontalPodAutoscaler](t, rec, "web-autoscaler")
	expect(t, "what is scaled", scaler.Spec.ScaleTargetRef.Name, "web")
	expect(t, "a scaler of the canary", has(rec, "web-canary-autoscaler"), false)
	var got []string
	for _, b := range made.Backends {
		got = append(got, fmt.Sprint(b.URL("http"), " ", b.Weight, " ", b.Pods.To.Name, ":", b.Pods.Ports[0].Number))
	}
	expectAll(t, "backends", got, []string{
		"http://web.shop.svc.cluster.local:80 85 web:8080", "http://web-canary.shop.svc.cluster.local:80 15 web-canary:8080",
	})
	expect(t, "URL", made.URL, "http://web.shop.svc.cluster.local:80")
}

func TestWithoutACanaryOneBackendGetsEverything(t *testing.T) {
	_, made, err := attempt(t, func(*app.Args) {})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "backends", len(made.Backends), 1)
	expect(t, "weight", made.Backends[0].Weight, 100)
	_, made, err = attempt(t, func(a *app.Args) { a.Ports = nil })
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "backends without a port", len(made.Backends), 0)
}

func TestOnlyAnAppThatAsksForItUsesTheClustersAPI(t *testing.T) {
	without := deploy(t, func(*app.Args) {})
	expect(t, "a role", has(without, "web-role"), false)
	pod := read[appsv1.Deployment](t, without, "web-deployment").Spec.Template.Spec
	expect(t, "a token", *pod.AutomountServiceAccountToken, false)

	rec := deploy(t, func(a *app.Args) {
		a.Access = &app.Access{
			Rules: []app.Rule{{Groups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"patch"}, Names: []string{"x"}}},
			Servers: []binding.Edge{{
				To: binding.Peer{CIDR: "10.0.0.1/32"}, Ports: []binding.Port{{Number: 6443}},
			}},
		}
	})
	expect(t, "a token", *read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Spec.AutomountServiceAccountToken, true)
	expect(t, "a token of whoever else uses the account",
		*read[corev1.ServiceAccount](t, rec, "web-account").AutomountServiceAccountToken, false)
	rules := read[rbacv1.Role](t, rec, "web-role").Rules
	expect(t, "rules", fmt.Sprint(rules), "[{[patch] [apps] [deployments] [x] []}]")
	bound := read[rbacv1.RoleBinding](t, rec, "web-role-binding")
	expect(t, "whose", fmt.Sprint(bound.Subjects), "[{ServiceAccount  web shop}]")
	expect(t, "which", bound.RoleRef.Kind+" "+bound.RoleRef.Name, "Role web")
	open := ""
	for _, r := range rec.Resources {
		if r.Type == "kubernetes:networking.k8s.io/v1:NetworkPolicy" {
			for _, rule := range read[networkingv1.NetworkPolicy](t, rec, r.Name).Spec.Egress {
				open += rule.To[0].IPBlock.CIDR + ":" + rule.Ports[0].Port.String()
			}
		}
	}
	expect(t, "the way there", open, "10.0.0.1/32:6443")
}

func TestPodsStandWhereTheirPlacementSays(t *testing.T) {
	rec := deploy(t, func(a *app.Args) {
		a.Placement = workload.Placement{
			Nodes: map[string]string{"disk": "ssd"}, Apart: true, PriorityClass: "shop-first",
			Tolerations: []workload.Toleration{{Key: "team", Value: "web", Effect: "NoSchedule"}, {Key: "any"}},
		}
	})
	pod := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Spec
	expect(t, "nodes", pod.NodeSelector["disk"], "ssd")
	expect(t, "priority", pod.PriorityClassName, "shop-first")
	var got []string
	for _, toleration := range pod.Tolerations {
		got = append(got, fmt.Sprint(toleration.Key, toleration.Operator, toleration.Value, toleration.Effect))
	}
	expectAll(t, "tolerations", got, []string{"teamEqualwebNoSchedule", "anyExists"})
	for _, spread := range pod.TopologySpreadConstraints {
		expect(t, "two in one "+spread.TopologyKey, spread.WhenUnsatisfiable, corev1.DoNotSchedule)
	}
}

func TestFurtherContainersRunWhenTheyAreMeantTo(t *testing.T) {
	amounts := workload.Amounts{CPU: "1", Memory: "1Gi", EphemeralStorage: "1Gi"}
	extra := func(name string) workload.Container {
		return workload.Container{
			Name: name, Image: "example.com/" + name + ":1", Resources: workload.Resources{Requests: amounts, Limits: amounts},
			Env: []binding.Variable{{Name: "LEVEL"}},
		}
	}
	rec := deploy(t, func(a *app.Args) {
		a.Env, a.Files = map[string]string{"LEVEL": "info", "COLOR": "green"}, map[string]string{"/etc/web.conf": "x"}
		a.Writable = []string{"/var/log/web"}
		a.Migration = &app.Migration{Command: []string{"migrate"}, InEveryPod: true, Timeout: 60}
		ship, wait := extra("ship"), extra("wait")
		ship.Env, ship.Shares = nil, []string{"/var/log/web"}
		wait.Env = nil
		a.Extras = []app.Extra{
			{Container: wait, As: app.First, Environment: true}, {Container: ship, As: app.Sidecar},
		}
	})
	pod := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Spec
	var order []string
	for _, c := range pod.InitContainers {
		order = append(order, c.Name)
	}
	// A sidecar is there for whatever runs to its end.
	expectAll(t, "what comes before", order, []string{"ship", "migrate", "wait"})
	ship, wait := pod.InitContainers[0], pod.InitContainers[2]
	expect(t, "the sidecar stays", *ship.RestartPolicy, corev1.ContainerRestartPolicyAlways)
	expectAll(t, "what the sidecar knows", variables(ship), nil)
	expectAll(t, "what the other inherits", variables(wait), []string{"COLOR=green", "LEVEL=info"})
	volume := func(c corev1.Container, path string) string {
		for _, mount := range c.VolumeMounts {
			if mount.MountPath == path {
				return mount.Name
			}
		}
		return ""
	}
	expect(t, "the shared folder", volume(ship, "/var/log/web"), volume(pod.Containers[0], "/var/log/web"))
	expect(t, "each its own /tmp", volume(ship, "/tmp") != volume(pod.Containers[0], "/tmp"), true)
	expect(t, "hardened", *ship.SecurityContext.ReadOnlyRootFilesystem, true)
}

func TestAWaiverSparesOneThingAndSaysWhy(t *testing.T) {
	rec := deploy(t, func(a *app.Args) {
		a.Waivers = map[app.Waiver]string{app.WritableRoot: "It writes beside its program."}
	})
	d := read[appsv1.Deployment](t, rec, "web-deployment")
	expect(t, "the reason", d.Annotations["waived.plinth.dev/writableRoot"], "It writes beside its program.")
	context := d.Spec.Template.Spec.Containers[0].SecurityContext
	expect(t, "read-only", *context.ReadOnlyRootFilesystem, false)
	expect(t, "capabilities", len(context.Capabilities.Add), 0)
	rec = deploy(t, func(a *app.Args) { a.Waivers = map[app.Waiver]string{app.LowPorts: "It listens on 80."} })
	context = container(t, rec).SecurityContext
	expect(t, "read-only", *context.ReadOnlyRootFilesystem, true)
	expectAll(t, "capabilities", context.Capabilities.Add, []corev1.Capability{"NET_BIND_SERVICE"})
}

func TestJobsHaveTheApplicationsNetworkAndRunWhenItIsTime(t *testing.T) {
	amounts := workload.Amounts{CPU: "1", Memory: "1Gi", EphemeralStorage: "1Gi"}
	task := app.Task{Command: []string{"run"}, Timeout: 60, Retries: 1, Resources: workload.Resources{Requests: amounts, Limits: amounts}}
	often := task
	often.Schedule = "0 * * * *"
	jobs := func(image string) (batchv1.Job, batchv1.CronJob) {
		rec := deploy(t, func(a *app.Args) {
			a.Image, a.Jobs = image, map[string]app.Task{"once": task, "often": often}
			a.Bindings = []binding.Binding{{Edges: []binding.Edge{{
				To:    binding.Peer{Name: "main", Namespace: "shop", Selector: map[string]string{"app": "main"}},
				Ports: []binding.Port{{Number: 5432}},
			}}}}
		})
		for _, job := range []string{"web-once", "web-often"} {
			policy := read[networkingv1.NetworkPolicy](t, rec, job+"-to-main")
			expect(t, "whose way", policy.Spec.PodSelector.MatchLabels["app.kubernetes.io/name"], job)
		}
		waits := one(t, rec, "web-once").Dependencies
		expect(t, "it waits for the version to serve", slices.Contains(waits, one(t, rec, "web-deployment").URN), true)
		return read[batchv1.Job](t, rec, "web-once"), read[batchv1.CronJob](t, rec, "web-often")
	}
	once, cron := jobs("example.com/web:1")
	other, same := jobs("example.com/web:2")
	expect(t, "another version runs it again", once.Name != other.Name, true)
	expect(t, "the other keeps its name", cron.Name+same.Name, "web-oftenweb-often")
	expect(t, "when", cron.Spec.Schedule, "0 * * * *")
	expect(t, "at once", cron.Spec.ConcurrencyPolicy, batchv1.ForbidConcurrent)
	expect(t, "spread", len(cron.Spec.JobTemplate.Spec.Template.Spec.TopologySpreadConstraints), 0)
}

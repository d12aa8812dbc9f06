package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/internal/record"
)

// container is the application's.
func container(t *testing.T, rec *record.Recording) corev1.Container {
	t.Helper()
	containers := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Spec.Containers
	if len(containers) != 1 {
		t.Fatalf("got %d containers, want 1", len(containers))
	}
	return containers[0]
}

func TestAServerGetsTwoWorkersForEachCoreOfItsLimitAndOneMore(t *testing.T) {
	for _, c := range []struct {
		server  app.Server
		cpu     string
		workers int
		want    []string
	}{
		{app.Gunicorn, "250m", 0, []string{"WEB_CONCURRENCY=3"}},
		{app.Gunicorn, "500m", 0, []string{"WEB_CONCURRENCY=3"}},
		{app.Gunicorn, "1", 0, []string{"WEB_CONCURRENCY=3"}},
		{app.Gunicorn, "1500m", 0, []string{"WEB_CONCURRENCY=5"}},
		{app.Gunicorn, "2", 0, []string{"WEB_CONCURRENCY=5"}},
		{app.Gunicorn, "2", 7, []string{"WEB_CONCURRENCY=7"}},
		{app.Uvicorn, "1", 0, []string{"WEB_CONCURRENCY=3"}},
		{app.Granian, "1500m", 0, []string{"GRANIAN_WORKERS=5"}},
		{app.Granian, "1500m", 4, []string{"GRANIAN_WORKERS=4"}},
		{app.NoServer, "2", 0, nil},
	} {
		rec := deploy(t, func(a *app.Args) { a.Server, a.Workers, a.Resources.Limits.CPU = c.server, c.workers, c.cpu })
		expectAll(t, string(c.server)+" with "+c.cpu, variables(container(t, rec)), c.want)
	}
}

func TestAServerOrALimitThatNobodyKnowsIsRefused(t *testing.T) {
	for _, c := range []struct {
		server    app.Server
		cpu, want string
	}{
		{"apache", "1", `application web: server "apache": want gunicorn, uvicorn or granian`},
		{app.Gunicorn, "lots", `application web: setting the workers of gunicorn: CPU limit "lots": `},
	} {
		_, _, err := attempt(t, func(a *app.Args) { a.Server, a.Resources.Limits.CPU = c.server, c.cpu })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got the error %v, want %q", err, c.want)
		}
	}
}

func TestAnAutoscalerOwnsTheNumberOfPods(t *testing.T) {
	rec := deploy(t, func(a *app.Args) {
		a.Replicas, a.Autoscaling = nil, &app.Autoscaling{Min: 2, Max: 6, CPU: 70}
	})
	if replicas := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Replicas; replicas != nil {
		t.Errorf("got %d replicas in the Deployment, want none", *replicas)
	}
	spec := read[autoscalingv2.HorizontalPodAutoscaler](t, rec, "web-autoscaler").Spec
	expect(t, "target", spec.ScaleTargetRef, autoscalingv2.CrossVersionObjectReference{
		APIVersion: "apps/v1", Kind: "Deployment", Name: "web",
	})
	expect(t, "least", *spec.MinReplicas, 2)
	expect(t, "most", spec.MaxReplicas, 6)
	if len(spec.Metrics) != 1 || spec.Metrics[0].Resource == nil {
		t.Fatalf("got the metrics %v, want one of a resource", spec.Metrics)
	}
	expect(t, "metric", spec.Metrics[0].Resource.Name, corev1.ResourceCPU)
	expect(t, "aim", *spec.Metrics[0].Resource.Target.AverageUtilization, 70)
}

func TestAFixedNumberOfPodsNeedsNoAutoscaler(t *testing.T) {
	rec := deploy(t, func(*app.Args) {})
	expect(t, "replicas", *read[appsv1.Deployment](t, rec, "web-deployment").Spec.Replicas, 2)
	expect(t, "an autoscaler", has(rec, "web-autoscaler"), false)
}

func TestARolloutTakesNoPodAwayBeforeAnotherIsReady(t *testing.T) {
	deployment := read[appsv1.Deployment](t, deploy(t, func(*app.Args) {}), "web-deployment")
	rolling := deployment.Spec.Strategy.RollingUpdate
	expect(t, "strategy", deployment.Spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	expect(t, "surge", rolling.MaxSurge.IntValue(), 1)
	expect(t, "unavailable", rolling.MaxUnavailable.IntValue(), 0)
	expect(t, "deadline", *deployment.Spec.ProgressDeadlineSeconds, 120)
	expect(t, "wait", deployment.Annotations["pulumi.com/timeoutSeconds"], "120")
}

func TestABudgetSaysWhatADrainMayTake(t *testing.T) {
	two := 2
	rec := deploy(t, func(*app.Args) {})
	budget := read[policyv1.PodDisruptionBudget](t, rec, "web-budget").Spec
	expect(t, "unavailable", budget.MaxUnavailable.IntValue(), 1)
	expect(t, "a minimum", budget.MinAvailable != nil, false)
	expect(t, "eviction of pods that are not ready", *budget.UnhealthyPodEvictionPolicy, policyv1.AlwaysAllow)

	rec = deploy(t, func(a *app.Args) { a.Disruption = app.Disruption{MinAvailable: &two} })
	budget = read[policyv1.PodDisruptionBudget](t, rec, "web-budget").Spec
	expect(t, "available", budget.MinAvailable.IntValue(), 2)
	expect(t, "a maximum", budget.MaxUnavailable != nil, false)

	_, _, err := attempt(t, func(a *app.Args) { a.Disruption = app.Disruption{} })
	want := "application web: disruption budget: neither minAvailable nor maxUnavailable is set"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got the error %v, want %q", err, want)
	}
}

func TestAPodThatLacksALimitIsRefused(t *testing.T) {
	for name, change := range map[string]func(*app.Args){
		"image":                   func(a *app.Args) { a.Image = "" },
		"cpu request":             func(a *app.Args) { a.Resources.Requests.CPU = "" },
		"memory limit":            func(a *app.Args) { a.Resources.Limits.Memory = "" },
		"ephemeral storage limit": func(a *app.Args) { a.Resources.Limits.EphemeralStorage = "" },
	} {
		_, _, err := attempt(t, change)
		if want := "application web: pod of web: container web has no " + name; err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %q", err, want)
		}
	}
}

func TestFilesAreInAConfigMapOfTheirContentsName(t *testing.T) {
	files := func(content string) *record.Recording {
		return deploy(t, func(a *app.Args) {
			a.Files = map[string]string{"/etc/web/settings.json": content, "/etc/other/settings.json": "{}"}
		})
	}
	green, blue := files(`"green"`), files(`"blue"`)
	one, other := read[corev1.ConfigMap](t, green, "web-files"), read[corev1.ConfigMap](t, blue, "web-files")
	if one.Name == other.Name || !strings.HasPrefix(one.Name, "web-files-") {
		t.Errorf("got the names %s and %s, want two that begin with web-files-", one.Name, other.Name)
	}
	expect(t, "the name for the same content", read[corev1.ConfigMap](t, files(`"green"`), "web-files").Name, one.Name)
	if one.Immutable == nil || !*one.Immutable {
		t.Error("the config map is not immutable")
	}

	for _, of := range []struct {
		rec    *record.Recording
		config corev1.ConfigMap
		want   string
	}{{green, one, `"green"`}, {blue, other, `"blue"`}} {
		pod := read[appsv1.Deployment](t, of.rec, "web-deployment").Spec.Template.Spec
		at := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.ConfigMap != nil })
		if at < 0 {
			t.Fatal("the Deployment mounts no config map")
		}
		expect(t, "the volume's config map", pod.Volumes[at].ConfigMap.Name, of.config.Name)
		expect(t, "the volume's mode", *pod.Volumes[at].ConfigMap.DefaultMode, 0o444)
		mounted := map[string]string{}
		for _, mount := range pod.Containers[0].VolumeMounts {
			if mount.Name == pod.Volumes[at].Name {
				expect(t, mount.MountPath+" is read-only", mount.ReadOnly, true)
				mounted[mount.MountPath] = of.config.Data[mount.SubPath]
			}
		}
		expect(t, "mounts", len(mounted), 2)
		expect(t, "the second file", mounted["/etc/other/settings.json"], "{}")
		expect(t, "the first file", mounted["/etc/web/settings.json"], of.want)
	}
}

func TestASecretReachesTheContainerByReferenceAlone(t *testing.T) {
	const value = "canary-31b0"
	secrets := func(value string) *record.Recording {
		return deploy(t, func(a *app.Args) {
			a.Secrets = map[string]pulumi.StringInput{"API_TOKEN": pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)}
			a.Migration = &app.Migration{Command: []string{"migrate"}, Timeout: 60}
		})
	}
	rec := secrets(value)
	expectHidden(t, rec, value)
	secret := read[corev1.Secret](t, rec, "web-secrets")
	expect(t, "the Secret's name", secret.Name, "web-secrets")
	expect(t, "the Secret's value", secret.StringData["API_TOKEN"], value)
	expectAll(t, "variables", variables(container(t, rec)), []string{"API_TOKEN=$(secret web-secrets/API_TOKEN)"})
}

func TestAnotherSecretValueRollsThePodsAndTellsNothing(t *testing.T) {
	fingerprint := func(value string) (string, bool) {
		rec := deploy(t, func(a *app.Args) {
			a.Secrets = map[string]pulumi.StringInput{"TOKEN": pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)}
		})
		const key = "checksum/secrets"
		template := one(t, rec, "web-deployment").Inputs["spec"].ObjectValue()["template"].ObjectValue()
		annotation := template["metadata"].ObjectValue()["annotations"].ObjectValue()[key]
		secret := annotation.IsSecret() || annotation.IsOutput() && annotation.OutputValue().Secret
		return read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Annotations[key], secret
	}
	one, secret := fingerprint("one")
	other, _ := fingerprint("other")
	again, _ := fingerprint("one")
	expect(t, "the fingerprint is secret", secret, true)
	expect(t, "the fingerprint of the same value", again, one)
	if len(one) != 8 || one == other {
		t.Errorf("got the fingerprints %q and %q, want two of 8 digits", one, other)
	}
}

func TestAVariableOfTheAppReplacesTheOneOfABinding(t *testing.T) {
	rec := deploy(t, func(a *app.Args) {
		a.Bindings = []binding.Binding{{Env: []binding.Variable{
			{Name: "DB_HOST", Value: pulumi.String("main.shop")},
			{Name: "DB_WORD", Secret: &binding.SecretRef{Secret: pulumi.String("main-role-web"), Key: "password"}},
			{Name: "DB_PORT", Value: pulumi.String("5432")},
		}}}
		a.Env = map[string]string{"DB_PORT": "6432", "DB_WORD": "none", "ADDRESS": "$(DB_HOST):$(DB_PORT)"}
	})
	expectAll(t, "variables", variables(container(t, rec)),
		[]string{"DB_HOST=main.shop", "ADDRESS=$(DB_HOST):$(DB_PORT)", "DB_PORT=6432", "DB_WORD=none"})
}

func TestTwoBindingsToOnePeerOpenOneEdge(t *testing.T) {
	edge := binding.Edge{
		To:    binding.Peer{Name: "main", Namespace: "shop", Selector: map[string]string{"app": "main"}},
		Ports: []binding.Port{{Number: 5432}},
	}
	rec := deploy(t, func(a *app.Args) {
		a.Bindings = []binding.Binding{{Edges: []binding.Edge{edge}}, {Edges: []binding.Edge{edge}}}
	})
	expect(t, "network policies", len(rec.All("kubernetes:networking.k8s.io/v1:NetworkPolicy")), 2)
}

func TestAPublicAppOpensItsMainPortAlone(t *testing.T) {
	rec := deploy(t, func(a *app.Args) { a.Public = true })
	spec := read[networkingv1.NetworkPolicy](t, rec, "web-public").Spec
	if len(spec.Ingress) != 1 || len(spec.Ingress[0].From) != 0 || len(spec.Ingress[0].Ports) != 1 {
		t.Fatalf("got the rules %v, want one from everywhere to one port", spec.Ingress)
	}
	expect(t, "port", spec.Ingress[0].Ports[0].Port.IntValue(), 8080)
	expect(t, "a policy of one that is not public", has(deploy(t, func(*app.Args) {}), "web-public"), false)
}

func TestTheServiceOffersEveryPortByItsName(t *testing.T) {
	rec, made, err := attempt(t, func(*app.Args) {})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, port := range read[corev1.Service](t, rec, "web-service").Spec.Ports {
		got = append(got, port.Name+" "+port.TargetPort.String())
		if port.Name == "http" {
			expect(t, "http", port.Port, 80)
		}
	}
	expectAll(t, "ports", got, []string{"http http", "metrics metrics"})
	expect(t, "address", made.URL, "http://web.shop.svc.cluster.local:80")

	rec, made, err = attempt(t, func(a *app.Args) { a.Ports = nil })
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "the Service of an app without ports", has(rec, "web-service"), false)
	expect(t, "the address of an app without ports", made.URL, "")
}

func TestPodsHaveAnAccountWithoutAToken(t *testing.T) {
	rec := deploy(t, func(*app.Args) {})
	account := read[corev1.ServiceAccount](t, rec, "web-account")
	pod := read[appsv1.Deployment](t, rec, "web-deployment").Spec.Template.Spec
	expect(t, "the pod's account", pod.ServiceAccountName, account.Name)
	expect(t, "the account's token", *account.AutomountServiceAccountToken, false)
	expect(t, "the pod's token", *pod.AutomountServiceAccountToken, false)
}

package workload_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"plinth/components/workload"
)

// plain is a pod with nothing but what it must have.
func plain() workload.Pod {
	amounts := workload.Amounts{CPU: "1", Memory: "128Mi", EphemeralStorage: "64Mi"}
	return workload.Pod{ID: web(), Containers: []workload.Container{{
		Name: "web", Image: "registry.example.com/web:1",
		Resources: workload.Resources{Requests: amounts, Limits: amounts},
	}}}
}

// template is what Kubernetes gets of a pod.
func template(t *testing.T, pod workload.Pod) corev1.PodSpec {
	t.Helper()
	return read[corev1.PodTemplate](t, deploy(t, made(pod)), "pod").Template.Spec
}

func TestAPodIsHardenedWhateverItSays(t *testing.T) {
	pod := plain()
	pod.Init = plain().Containers
	pod.Init[0].Name = "init"
	spec := template(t, pod)
	expect(t, "service account token", *spec.AutomountServiceAccountToken, false)
	expect(t, "service links", *spec.EnableServiceLinks, false)
	expect(t, "not as root", *spec.SecurityContext.RunAsNonRoot, true)
	expect(t, "seccomp", spec.SecurityContext.SeccompProfile.Type, corev1.SeccompProfileTypeRuntimeDefault)
	expect(t, "a user", spec.SecurityContext.RunAsUser != nil, false)
	expect(t, "grace", *spec.TerminationGracePeriodSeconds, 30)
	expect(t, "host namespaces", spec.HostNetwork || spec.HostPID || spec.HostIPC, false)
	for _, c := range append(spec.InitContainers, spec.Containers...) {
		security := c.SecurityContext
		expect(t, c.Name+" escalates", *security.AllowPrivilegeEscalation, false)
		expect(t, c.Name+" has a read-only root", *security.ReadOnlyRootFilesystem, true)
		expect(t, c.Name+" is privileged", *security.Privileged, false)
		expect(t, c.Name+" is not root", *security.RunAsNonRoot, true)
		expectAll(t, c.Name+" drops", security.Capabilities.Drop, []corev1.Capability{"ALL"})
		expect(t, c.Name+" adds", len(security.Capabilities.Add), 0)
		expect(t, c.Name+" shows why it failed", c.TerminationMessagePolicy, corev1.TerminationMessageFallbackToLogsOnError)
		expect(t, c.Name+"'s memory limit", c.Resources.Limits.Memory().String(), "128Mi")
	}
}

func TestAUserIsUserGroupAndOwnerOfTheVolumes(t *testing.T) {
	pod, user := plain(), 10001
	pod.User = &user
	security := template(t, pod).SecurityContext
	expect(t, "user", *security.RunAsUser, 10001)
	expect(t, "group", *security.RunAsGroup, 10001)
	expect(t, "volumes' group", *security.FSGroup, 10001)
	expect(t, "when volumes are changed", *security.FSGroupChangePolicy, corev1.FSGroupChangeOnRootMismatch)
}

func TestOnlyTmpAndWhatIsAskedForIsWritable(t *testing.T) {
	pod := plain()
	pod.Containers[0].Writable = []string{"/var/cache/", "/tmp/", "/var/cache"}
	spec := template(t, pod)
	var folders []string
	for _, mount := range spec.Containers[0].VolumeMounts {
		folders = append(folders, mount.MountPath)
	}
	expectAll(t, "folders", folders, []string{"/tmp", "/var/cache"})
	expect(t, "volumes", len(spec.Volumes), 2)
	for _, volume := range spec.Volumes {
		expect(t, volume.Name+"'s limit", volume.EmptyDir.SizeLimit.String(), "64Mi")
	}
}

func TestADrainSleepsBeforeTheStopSignal(t *testing.T) {
	pod := plain()
	expect(t, "a hook without a drain", template(t, pod).Containers[0].Lifecycle != nil, false)
	pod.Containers[0].Drain = 7
	expect(t, "sleep", template(t, pod).Containers[0].Lifecycle.PreStop.Sleep.Seconds, 7)
}

func TestSpreadPodsPreferOtherZonesThenOtherNodesAndStartInAnyCase(t *testing.T) {
	pod := plain()
	expect(t, "constraints of a pod that is not spread", len(template(t, pod).TopologySpreadConstraints), 0)
	pod.Spread, pod.RevisionLabel = true, "pod-template-hash"
	var keys []string
	for _, c := range template(t, pod).TopologySpreadConstraints {
		keys = append(keys, c.TopologyKey)
		expect(t, c.TopologyKey+" when there is no place", c.WhenUnsatisfiable, corev1.ScheduleAnyway)
		expect(t, c.TopologyKey+" among", c.LabelSelector.MatchLabels["app.kubernetes.io/name"], "web")
		expectAll(t, c.TopologyKey+" of one revision", c.MatchLabelKeys, []string{"pod-template-hash"})
	}
	expectAll(t, "keys", keys, []string{"topology.kubernetes.io/zone", "kubernetes.io/hostname"})
}

func TestVolumesAreReadOnlyFilesOfTheModeThatFits(t *testing.T) {
	pod := plain()
	pod.Volumes = []workload.Volume{
		{Name: "config", ConfigMap: pulumi.String("config-1")},
		{Name: "scripts", ConfigMap: pulumi.String("scripts-1"), Executable: true},
		{Name: "secret", Secret: pulumi.String("secret-1")},
	}
	volumes := template(t, pod).Volumes
	expect(t, "configuration", volumes[0].ConfigMap.Name, "config-1")
	expect(t, "configuration's mode", *volumes[0].ConfigMap.DefaultMode, 0o444)
	expect(t, "scripts' mode", *volumes[1].ConfigMap.DefaultMode, 0o555)
	expect(t, "the Secret", volumes[2].Secret.SecretName, "secret-1")
	expect(t, "the Secret's mode", *volumes[2].Secret.DefaultMode, 0o440)
}

func TestProbesAskAsTheySay(t *testing.T) {
	pod := plain()
	c := &pod.Containers[0]
	c.Ports = workload.Ports{{Name: "http", Container: 8080}}
	c.Startup = &workload.Probe{Command: []string{"true"}, Period: 2, Timeout: 4, Failures: 30, InitialDelay: 1}
	c.Readiness = &workload.Probe{Path: "/ready", Port: "http"}
	c.Liveness = &workload.Probe{TCP: true, Port: "http", Period: 20}
	asked := template(t, pod).Containers[0]
	expectAll(t, "startup", asked.StartupProbe.Exec.Command, []string{"true"})
	expect(t, "startup's times", [4]int32{
		asked.StartupProbe.InitialDelaySeconds, asked.StartupProbe.PeriodSeconds,
		asked.StartupProbe.TimeoutSeconds, asked.StartupProbe.FailureThreshold,
	}, [4]int32{1, 2, 4, 30})
	expect(t, "readiness", asked.ReadinessProbe.HTTPGet.Path+" "+asked.ReadinessProbe.HTTPGet.Port.String(), "/ready http")
	expect(t, "readiness' times", [3]int32{
		asked.ReadinessProbe.PeriodSeconds, asked.ReadinessProbe.TimeoutSeconds, asked.ReadinessProbe.FailureThreshold,
	}, [3]int32{10, 1, 3})
	expect(t, "liveness", asked.LivenessProbe.TCPSocket.Port.String(), "http")
	expect(t, "liveness' period", asked.LivenessProbe.PeriodSeconds, 20)
}

func TestAPodWithoutContainersIsRefused(t *testing.T) {
	pod := plain()
	pod.Containers = nil
	if err := pod.Check(); err == nil || err.Error() != "pod of web: has no container" {
		t.Errorf("got the error %v", err)
	}
}

package postgres_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"plinth/components/database/postgres"
	"plinth/components/database/replicated"
	"plinth/internal/record"
	"plinth/internal/recorded"
)

func unchanged(*postgres.Args) {}

func TestADatabaseWithoutReplicasHasNothingOfTheirs(t *testing.T) {
	for _, r := range deploy(t, func(a *postgres.Args) { a.Replicas = 0 }).Resources {
		// The password of the replication role stays: a replica that comes later needs no new one.
		if strings.Contains(r.Name, "replica") && !strings.HasPrefix(r.Name, "main-replication") {
			t.Errorf("there is %s", r.Label())
		}
	}
}

func TestPrimaryAndReplicasHaveServicesOfTheirOwn(t *testing.T) {
	rec := deploy(t, unchanged)
	for name, want := range map[string]string{
		"main-service":              "main main ",
		"main-replicas-service":     "main-replicas main-replica ",
		"main-primary-pods-service": "main-primary-pods main None",
		"main-replica-pods-service": "main-replica-pods main-replica None",
	} {
		service := recorded.Read[corev1.Service](t, rec, name)
		got := service.Name + " " + service.Spec.Selector["app.kubernetes.io/name"] + " " + service.Spec.ClusterIP
		recorded.Equal(t, name, got, want)
		recorded.Equal(t, name+"'s port", service.Spec.Ports[0].Port, 5432)
	}
}

func TestPodsAreReplicatedAsDeclaredAndOnePrimary(t *testing.T) {
	rec := deploy(t, func(a *postgres.Args) { a.Replicas = 3 })
	primary, replicas := recorded.Read[appsv1.StatefulSet](t, rec, "main-statefulset"),
		recorded.Read[appsv1.StatefulSet](t, rec, "main-replica-statefulset")
	recorded.Equal(t, "primaries", *primary.Spec.Replicas, 1)
	recorded.Equal(t, "replicas", *replicas.Spec.Replicas, 3)
	recorded.Equal(t, "the primary's name service", primary.Spec.ServiceName, "main-primary-pods")
	recorded.Equal(t, "the replicas' name service", replicas.Spec.ServiceName, "main-replica-pods")
	for name, set := range map[string]appsv1.StatefulSet{"primary.sh": primary, "replica.sh": replicas} {
		c := set.Spec.Template.Spec.Containers[0]
		recorded.EqualAll(t, "command", c.Command, []string{"/scripts/" + name})
		recorded.Equal(t, "user", *set.Spec.Template.Spec.SecurityContext.RunAsUser, 999)
		recorded.Equal(t, "grace", *set.Spec.Template.Spec.TerminationGracePeriodSeconds, 120)
	}
	recorded.EqualAll(t, "the primary's variables", recorded.Variables(primary.Spec.Template.Spec.Containers[0]), []string{
		"PGDATA=/pgdata/data", "POSTGRES_PASSWORD=$(secret main-credentials/password)",
		"REPLICAS_HOST=main-replicas.shop.svc.cluster.local",
	})
	recorded.EqualAll(t, "a replica's variables", recorded.Variables(replicas.Spec.Template.Spec.Containers[0]), []string{
		"PGDATA=/pgdata/data", "PRIMARY_HOST=main.shop.svc.cluster.local",
		"REPLICATION_PASSWORD=$(secret main-credentials/replication-password)",
	})
	recorded.EqualAll(t, "a replica's liveness", replicas.Spec.Template.Spec.Containers[0].LivenessProbe.Exec.Command,
		[]string{"/scripts/replica-alive.sh"})
	for _, name := range []string{"main-budget", "main-replica-budget"} {
		budget := recorded.Read[policyv1.PodDisruptionBudget](t, rec, name).Spec
		recorded.Equal(t, name, budget.MaxUnavailable.IntValue(), 1)
	}
}

func TestVolumesStayWhereTheyAreRetainedAndOtherwiseGo(t *testing.T) {
	for retain, want := range map[bool]appsv1.PersistentVolumeClaimRetentionPolicyType{
		true:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
		false: appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
	} {
		rec := deploy(t, func(a *postgres.Args) { a.Retain = retain })
		for name, scaled := range map[string]appsv1.PersistentVolumeClaimRetentionPolicyType{
			"main-statefulset":         appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
			"main-replica-statefulset": appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
		} {
			policy := recorded.Read[appsv1.StatefulSet](t, rec, name).Spec.PersistentVolumeClaimRetentionPolicy
			recorded.Equal(t, name+" deleted", policy.WhenDeleted, want)
			recorded.Equal(t, name+" scaled", policy.WhenScaled, scaled)
		}
	}
}

func TestTheTemplatesOfClaimsNeverChangeAndClaimsGrowByPatches(t *testing.T) {
	rec := deploy(t, func(a *postgres.Args) { a.Replicas, a.Storage, a.StorageClass = 2, "3Gi", "fast" })
	for _, name := range []string{"main-statefulset", "main-replica-statefulset"} {
		recorded.EqualAll(t, name+" ignores", recorded.One(t, rec, name).IgnoreChanges, []string{"spec.volumeClaimTemplates"})
		claims := recorded.Read[appsv1.StatefulSet](t, rec, name).Spec.VolumeClaimTemplates
		if len(claims) != 1 {
			t.Fatalf("%s: got %d claims, want 1", name, len(claims))
		}
		recorded.Equal(t, "claim", claims[0].Name, "data")
		recorded.Equal(t, "size", claims[0].Spec.Resources.Requests.Storage().String(), "3Gi")
		recorded.Equal(t, "class", *claims[0].Spec.StorageClassName, "fast")
	}
	var patches []string
	for _, r := range rec.All("kubernetes:core/v1:PersistentVolumeClaimPatch") {
		claim := recorded.Read[corev1.PersistentVolumeClaim](t, rec, r.Name)
		patches = append(patches, claim.Name+" "+claim.Spec.Resources.Requests.Storage().String())
		recorded.Equal(t, r.Name+" is forced", claim.Annotations["pulumi.com/patchForce"], "true")
	}
	slices.Sort(patches)
	recorded.EqualAll(t, "patches", patches, []string{"data-main-0 3Gi", "data-main-replica-0 3Gi", "data-main-replica-1 3Gi"})
	recorded.Waits(t, rec, "main-size-0", "main-statefulset")
	recorded.Waits(t, rec, "main-replica-size-1", "main-replica-statefulset")
}

func TestTheClustersOwnStorageClassIsNotNamed(t *testing.T) {
	set := recorded.Read[appsv1.StatefulSet](t, deploy(t, unchanged), "main-statefulset")
	recorded.Equal(t, "a class", set.Spec.VolumeClaimTemplates[0].Spec.StorageClassName != nil, false)
}

func TestTheSetupGetsRolesAndPasswordsAndNoneInPlain(t *testing.T) {
	rec := deploy(t, unchanged)
	job := recorded.Read[batchv1.Job](t, rec, "main-setup-job")
	c := job.Spec.Template.Spec.Containers[0]
	recorded.EqualAll(t, "command", c.Command, []string{"/scripts/setup.sh"})
	recorded.EqualAll(t, "variables", recorded.Variables(c), []string{
		"PGHOST=main.shop.svc.cluster.local", "PGUSER=postgres", "PGPASSWORD=$(secret main-credentials/password)",
		"PGSSLMODE=verify-full", "PGSSLROOTCERT=/authority/ca.crt", "PGCONNECT_TIMEOUT=5",
		"PGOPTIONS=-c synchronous_commit=local", "REPLICATION_PASSWORD=$(secret main-credentials/replication-password)",
		"ROLES=api web", "SERVICES=",
	})
	secrets := map[string]string{}
	for _, v := range job.Spec.Template.Spec.Volumes {
		if v.Secret != nil {
			secrets[v.Name] = v.Secret.SecretName
		}
	}
	mounts := map[string]string{}
	for _, m := range c.VolumeMounts {
		if name, found := secrets[m.Name]; found {
			mounts[m.MountPath] = name
			recorded.Equal(t, m.MountPath+" is read-only", m.ReadOnly, true)
		}
	}
	recorded.Equal(t, "folders of secrets", len(mounts), 3)
	recorded.Equal(t, "what the server is verified by", mounts["/authority"], "main-authority")
	recorded.Equal(t, "api's", mounts["/roles/api"], "main-role-api")
	recorded.Equal(t, "web's", mounts["/roles/web"], "main-role-web")
	recorded.Equal(t, "a new try with the next update", job.Annotations["pulumi.com/replaceUnready"], "true")
	recorded.Waits(t, rec, "main-setup-job", "main-statefulset", "main-credentials", "Secret::main-role-api", "main-setup-to-main")
	recorded.Waits(t, rec, "main-replica-statefulset", "main-setup-job")
	recorded.Waits(t, rec, "main-slots-job", "main-replica-statefulset")
}

func TestSlotsOfReplicasThatAreDeclaredStay(t *testing.T) {
	for replicas, want := range map[int][2]string{
		0: {"SLOTS=", "SLOT_PREFIX=main_replica"}, 2: {"SLOTS=main_replica_0 main_replica_1", "SLOT_PREFIX=main_replica"},
	} {
		rec := deploy(t, func(a *postgres.Args) { a.Replicas = replicas })
		env := recorded.Variables(recorded.Read[batchv1.Job](t, rec, "main-slots-job").Spec.Template.Spec.Containers[0])
		recorded.EqualAll(t, "slots", env[len(env)-2:], want[:])
	}
}

func TestPasswordsFitIntoAURLAndAreInSecretsAlone(t *testing.T) {
	rec := deploy(t, unchanged)
	var names []string
	for _, r := range rec.All(recorded.Password) {
		names = append(names, r.Name)
		recorded.Equal(t, r.Name+"'s length", r.Inputs["length"].NumberValue(), 32)
		recorded.Equal(t, r.Name+" has special characters", r.Inputs["special"].BoolValue(), false)
	}
	recorded.EqualAll(t, "passwords", names, []string{
		"main-replication", "main-role-api", "main-role-api-read", "main-role-web", "main-role-web-read", "main-superuser",
	})
	for secret, want := range map[string]map[string]string{
		"main-credentials": {"password": "word-main-superuser", "replication-password": "word-main-replication"},
		"main-role-web":    {"password": "word-main-role-web", "read-password": "word-main-role-web-read"},
	} {
		expectSame(t, secret, recorded.Read[corev1.Secret](t, rec, "Secret::"+secret).StringData, want)
	}
	recorded.NoneInPlain(t, rec, "word-")
}

// Each rotation makes one of two passwords anew, so that the one in use before works on.
func TestARotationMakesEverySecondPasswordAnew(t *testing.T) {
	keepers := func(rotation int) map[string]string {
		out := map[string]string{}
		for _, r := range deploy(t, func(a *postgres.Args) { a.Rotation = rotation }).All(recorded.Password) {
			kept := ""
			if k, given := r.Inputs["keepers"]; given {
				kept = k.ObjectValue()["rotation"].StringValue()
			}
			out[r.Name] = kept
		}
		return out
	}
	names := []string{
		"main-superuser", "main-replication", "main-role-api", "main-role-api-read", "main-role-web", "main-role-web-read",
	}
	for rotation, want := range [][2]string{{"", "none"}, {"", "1"}, {"2", "1"}, {"2", "3"}} {
		all := map[string]string{}
		for _, name := range names {
			all[name] = want[0]
			if want[1] != "none" {
				all[name+"-alternate"] = want[1]
			}
		}
		expectSame(t, fmt.Sprint("keepers of rotation ", rotation), keepers(rotation), all)
	}
}

func TestAfterARotationBothPasswordsOfARoleAreThereAndTheServersNewOne(t *testing.T) {
	rec := deploy(t, func(a *postgres.Args) { a.Rotation = 1 })
	for secret, want := range map[string]map[string]string{
		"main-credentials": {
			"password": "word-main-superuser-alternate", "previous-password": "word-main-superuser",
			"replication-password": "word-main-replication-alternate",
		},
		"main-role-web": {
			"password": "word-main-role-web", "read-password": "word-main-role-web-read",
			"alternate-password": "word-main-role-web-alternate", "alternate-read-password": "word-main-role-web-read-alternate",
		},
	} {
		expectSame(t, secret, recorded.Read[corev1.Secret](t, rec, "Secret::"+secret).StringData, want)
	}
	env := recorded.Variables(recorded.Read[batchv1.Job](t, rec, "main-setup-job").Spec.Template.Spec.Containers[0])
	recorded.Equal(t, "the setup's way in", env[len(env)-2], "PREVIOUS_PASSWORD=$(secret main-credentials/previous-password)")
	// What has the replicas' password from its start is made anew.
	annotation := func(rotation int) string {
		set := recorded.Read[appsv1.StatefulSet](t, deploy(t, func(a *postgres.Args) { a.Rotation = rotation }), "main-replica-statefulset")
		return set.Spec.Template.Annotations["checksum/replication"]
	}
	if one, other := annotation(0), annotation(1); len(one) != 8 || one == other {
		t.Errorf("got the fingerprints %q and %q of the replicas, want two of 8 digits", one, other)
	}
}

func TestServersHaveACertificateForAllTheirNames(t *testing.T) {
	rec := deploy(t, unchanged)
	var names []string
	for _, v := range recorded.One(t, rec, "main-certificate-request").Inputs["dnsNames"].ArrayValue() {
		names = append(names, v.StringValue())
	}
	for _, name := range []string{
		"localhost", "main", "main.shop.svc.cluster.local", "main-replicas.shop.svc.cluster.local",
		"*.main-primary-pods.shop.svc.cluster.local", "*.main-replica-pods.shop.svc.cluster.local",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not among %v", name, names)
		}
	}
	expectSame(t, "the servers' secret", recorded.Read[corev1.Secret](t, rec, "Secret::main-certificate").StringData, map[string]string{
		"tls.crt": "certPem-main-certificate-signed", "tls.key": "privateKeyPem-main-certificate-key",
		"ca.crt": "certPem-main-certificate-authority",
	})
	expectSame(t, "the clients' secret", recorded.Read[corev1.Secret](t, rec, "Secret::main-authority").StringData, map[string]string{
		"ca.crt": "certPem-main-certificate-authority",
	})
	for _, name := range []string{"main-statefulset", "main-replica-statefulset"} {
		pod := recorded.Read[appsv1.StatefulSet](t, rec, name).Spec.Template.Spec
		recorded.EqualAll(t, name+"'s readiness", pod.Containers[0].ReadinessProbe.Exec.Command, []string{"/scripts/ready.sh"})
		volume := pod.Volumes[slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == "certificate" })]
		recorded.Equal(t, name+"'s certificate", volume.Secret.SecretName, "main-certificate")
		// The server refuses a key that others may read.
		recorded.Equal(t, name+"'s mode", *volume.Secret.DefaultMode, 0o440)
	}
}

func expectSame(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	recorded.Equal(t, "entries of "+what, len(got), len(want))
	for key := range want {
		recorded.Equal(t, what+"'s "+key, got[key], want[key])
	}
}

func TestAnotherPasswordRunsTheSetupAnew(t *testing.T) {
	annotation := func(word string) string {
		rec, err := attemptWith(t, func(r *record.Resource) resource.PropertyMap {
			if r.Name == "main-role-web" && r.Type == recorded.Password {
				return resource.PropertyMap{"result": resource.MakeSecret(resource.NewProperty(word))}
			}
			return recorded.Generated(r)
		}, unchanged, func(*pulumi.Context, *replicated.Database) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		template := recorded.One(t, rec, "main-setup-job").Inputs["spec"].ObjectValue()["template"].ObjectValue()
		value := template["metadata"].ObjectValue()["annotations"].ObjectValue()["checksum/secrets"]
		recorded.Equal(t, "the fingerprint is secret", value.IsSecret() || value.IsOutput() && value.OutputValue().Secret, true)
		return recorded.Read[batchv1.Job](t, rec, "main-setup-job").Spec.Template.Annotations["checksum/secrets"]
	}
	one, other := annotation("one"), annotation("other")
	if len(one) != 8 || one == other {
		t.Errorf("got the fingerprints %q and %q, want two of 8 digits", one, other)
	}
}

func TestScriptsAreShellAndAreExecutable(t *testing.T) {
	scripts, err := filepath.Glob("scripts/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	shared, err := filepath.Glob("../replicated/scripts/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	scripts = append(scripts, shared...)
	rec := deploy(t, unchanged)
	data := recorded.Read[corev1.ConfigMap](t, rec, "main-scripts").Data
	recorded.Equal(t, "scripts", len(scripts), len(data))
	for _, script := range scripts {
		if data[filepath.Base(script)] == "" {
			t.Errorf("%s is in no pod", script)
		}
		if output, err := exec.CommandContext(t.Context(), "bash", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("bash -n %s: %v\n%s", script, err, output)
		}
	}
	for _, v := range recorded.Read[appsv1.StatefulSet](t, rec, "main-statefulset").Spec.Template.Spec.Volumes {
		if v.ConfigMap != nil && v.Name == "scripts" {
			recorded.Equal(t, "mode", *v.ConfigMap.DefaultMode, 0o555)
		}
	}
}

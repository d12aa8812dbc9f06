package environment_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"plinth/config"
	"plinth/internal/record"
)

// switched is the app web on a database of that name: nothing else differs in its section.
func switched(t *testing.T, database string) corev1.Container {
	t.Helper()
	const (
		limits = `"resources":{"limits":{"cpu":"1","memory":"1Gi","ephemeralStorage":"64Mi"}}`
		app    = `{"web":{"image":"example/web:1",` + limits + `,"database":{"name":%q,"readOnly":{"url":"READ_URL"}}}}`
	)
	raw := map[string]string{
		"plinth:tier": "dev",
		"plinth:apps": fmt.Sprintf(app, database),
		"plinth:databases": `{"a":{"engine":"postgres",` + limits + `},"b":{"engine":"mariadb",` + limits +
			`},"c":{"engine":"mysql",` + limits + `},"d":{"engine":"cloudnative-pg",` + limits +
			`,"operator":{"apiServers":["10.0.0.1/32"]}}}`,
	}
	w, err := read(run(t, record.Options{Project: config.Project, Stack: "test", Config: raw}), false)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(w.workloads, func(of workload) bool { return of.kind == "Deployment" && of.meta.Name == "web" })
	if i < 0 {
		t.Fatal("there is no app")
	}
	return w.workloads[i].pod.Spec.Containers[0]
}

func TestAnAppChangesItsEngineByTheNameOfItsDatabaseAlone(t *testing.T) {
	urls := map[string]string{}
	var names []string
	for _, database := range []string{"a", "b", "c", "d"} {
		var got []string
		for _, v := range switched(t, database).Env {
			got = append(got, v.Name)
			if v.Name == "DATABASE_URL" {
				urls[database] = strings.Replace(v.Value, ".plinth-test.svc.cluster.local", "", 1)
			}
		}
		if names == nil {
			names = got
		}
		if !slices.Equal(got, names) {
			t.Errorf("with database %s the app gets %v, with the first %v", database, got, names)
		}
	}
	want := map[string]string{
		"a": "postgresql://web:$(DATABASE_URL_PASSWORD)@a:5432/web?sslmode=require",
		"b": "mysql://web:$(DATABASE_URL_PASSWORD)@b:3306/web?ssl_ca=/etc/plinth/databases/b/ca.crt",
		"c": "mysql://web:$(DATABASE_URL_PASSWORD)@c:3306/web?ssl_ca=/etc/plinth/databases/c/ca.crt",
		"d": "postgresql://web:$(DATABASE_URL_PASSWORD)@d-rw:5432/web?sslmode=require",
	}
	if !maps.Equal(urls, want) {
		t.Errorf("got %v, want %v", urls, want)
	}
}

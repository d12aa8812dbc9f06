package kubernetes_test

// The objects that tests deploy. !NS stands for the namespace of the test.
const (
	configMap = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: !NS, labels: {app: web}}
data: {LOG_LEVEL: info}
`
	secret = `
apiVersion: v1
kind: Secret
metadata: {name: credentials, namespace: !NS}
type: Opaque
stringData: {token: canary-5f3c}
`
	deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: !NS}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: test.local/todo-flask:1
          resources: {requests: {cpu: "0.1", memory: 64Mi}}
`
	// unscheduled is a Deployment whose pods no scheduler takes, so that tests decide what becomes of them.
	unscheduled = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: !NS, annotations: {pulumi.com/timeoutSeconds: "60"}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      schedulerName: nobody
      containers:
        - {name: web, image: "test.local/nothing:1"}
`
	statefulSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: !NS, annotations: {pulumi.com/skipAwait: "true"}}
spec:
  replicas: 0
  serviceName: db
  podManagementPolicy: OrderedReady
  revisionHistoryLimit: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "test.local/postgres:15"}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`
	daemonSet = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: !NS, annotations: {pulumi.com/skipAwait: "true"}}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {nodeSelector: {no: such-node}, containers: [{name: agent, image: "test.local/agent:1"}]}
`
	// job is run by nobody but the test: the controller leaves Jobs of another manager alone.
	job = `
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: !NS, annotations: {pulumi.com/timeoutSeconds: "60"}}
spec:
  managedBy: plinth.test/nobody
  completions: 1
  parallelism: 1
  template:
    spec: {restartPolicy: Never, containers: [{name: migrate, image: "test.local/todo-flask:1"}]}
`
	service = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: !NS}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 5000}]}
`
	claim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: !NS, annotations: {pulumi.com/timeoutSeconds: "3"}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: no-such-class
  resources: {requests: {storage: 1Gi}}
`
	roleBinding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: read, namespace: !NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: !NS}]
`
	budget = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: !NS}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
`
	autoscaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: !NS}
spec:
  minReplicas: 1
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
`
	networkPolicy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: !NS}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`
	quota = `
apiVersion: v1
kind: ResourceQuota
metadata: {name: limits, namespace: !NS}
spec: {hard: {pods: "10"}, scopes: [NotTerminating]}
`
	namespace = `
apiVersion: v1
kind: Namespace
metadata: {labels: {team: plinth}}
`
)

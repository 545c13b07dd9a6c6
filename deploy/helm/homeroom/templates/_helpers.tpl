{{- define "homeroom.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "homeroom.labels" -}}
app.kubernetes.io/name: homeroom
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
{{- end }}

{{/* selector takes the root and a component. */}}
{{- define "homeroom.selector" -}}
app.kubernetes.io/name: homeroom
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "homeroom.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The addresses of NATS with the component's user; the password is the variable before it. */}}
{{- define "homeroom.natsEnv" -}}
{{- $user := printf "homeroom-%s" .component -}}
{{- $scheme := ternary "tls" "nats" (ne .root.Values.nats.tls.caSecret "") -}}
{{- $urls := list -}}
{{- if not .root.Values.nats.servers }}{{ fail "nats.servers: host:port of NATS" }}{{ end -}}
{{- range .root.Values.nats.servers -}}
{{- $urls = append $urls (printf "%s://%s:$(NATS_PASSWORD)@%s" $scheme $user .) -}}
{{- end -}}
- name: NATS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ required "nats.passwords.secret: a Secret with the passwords" .root.Values.nats.passwords.secret | quote }}, key: {{ .component | quote }}}}
- {name: HOMEROOM_NATS_URL, value: {{ join "," $urls | quote }}}
{{- if .root.Values.nats.tls.caSecret }}
- {name: HOMEROOM_NATS_CA, value: /run/secrets/nats/ca.crt}
{{- end }}
{{- end }}

{{- define "homeroom.temporalEnv" -}}
- {name: TEMPORAL_ADDRESS, value: {{ required "temporal.address: host:port of Temporal" .Values.temporal.address | quote }}}
- {name: TEMPORAL_NAMESPACE, value: {{ .Values.temporal.namespace | quote }}}
{{- if .Values.temporal.tls }}
- {name: TEMPORAL_TLS, value: "true"}
{{- end }}
{{- if .Values.temporal.apiKey.secret }}
- name: TEMPORAL_API_KEY
  valueFrom: {secretKeyRef: {name: {{ .Values.temporal.apiKey.secret | quote }}, key: {{ .Values.temporal.apiKey.key | quote }}}}
{{- end }}
{{- end }}

{{/* env prints maps of variables; later ones win. */}}
{{- define "homeroom.env" -}}
{{- range $name, $value := . }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{- define "homeroom.pod" -}}
automountServiceAccountToken: false
terminationGracePeriodSeconds: 45 # what is under way is finished first
securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "homeroom.container" -}}
image: {{ include "homeroom.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
{{- end }}

{{/* secretVolumes takes the root and the keys that a component mounts. */}}
{{- define "homeroom.secretVolumes" -}}
{{- if .keys }}
- name: keys
  secret:
    secretName: {{ required "keys.secret: a Secret with homeroom.secret, encryption.key and sendgrid.key" .root.Values.keys.secret | quote }}
    defaultMode: 0440
    items: [{{ range $i, $key := .keys }}{{ if $i }}, {{ end }}{key: {{ $key }}, path: {{ $key }}}{{ end }}]
{{- end }}
{{- if .root.Values.nats.tls.caSecret }}
- {name: nats-ca, secret: {secretName: {{ .root.Values.nats.tls.caSecret | quote }}, items: [{key: ca.crt, path: ca.crt}]}}
{{- end }}
{{- end }}

{{- define "homeroom.secretMounts" -}}
{{- if .keys }}
- {name: keys, mountPath: /run/secrets/homeroom, readOnly: true}
{{- end }}
{{- if .root.Values.nats.tls.caSecret }}
- {name: nats-ca, mountPath: /run/secrets/nats, readOnly: true}
{{- end }}
{{- end }}

{{- define "userhub.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What the replicas are selected by: never changes. */}}
{{- define "userhub.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: api
{{- end }}

{{- define "userhub.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "userhub.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "userhub.secretName" -}}
{{ .Values.existingSecret | default (include "userhub.fullname" .) }}
{{- end }}

{{/* The data of the Secret. A misspelt or a missing one is told now, not by a pod that doesn't start. */}}
{{- define "userhub.secretData" -}}
{{- $_ := required "Set secrets.DATABASE_URL, or existingSecret." .Values.secrets.DATABASE_URL }}
{{- $_ := required "Set secrets.JWT_SECRET_KEY, or existingSecret. Make one with: openssl rand -base64 48" .Values.secrets.JWT_SECRET_KEY }}
{{- range $name, $value := .Values.secrets }}
{{ $name }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* How many replicas there may be. */}}
{{- define "userhub.mostReplicas" -}}
{{- if .Values.autoscaling.enabled }}{{ max .Values.autoscaling.minReplicas .Values.autoscaling.maxReplicas }}{{ else }}{{ .Values.replicas }}{{ end }}
{{- end }}

{{/* The connections of one replica: its pool, of each of its workers if there are several, and one for its probe. */}}
{{- define "userhub.connectionsEach" -}}
{{- $workers := max 1 (.Values.env.WEB_CONCURRENCY | default 1 | int) }}
{{- mul $workers (add1 (.Values.env.DB_POOL_MAX | default 10 | int)) }}
{{- end }}

{{- define "userhub.connections" -}}
{{- mul (include "userhub.mostReplicas" . | int) (include "userhub.connectionsEach" . | int) }}
{{- end }}

{{/* With the replicas that an update adds before it ends old ones. */}}
{{- define "userhub.connectionsInUpdate" -}}
{{- $replicas := include "userhub.mostReplicas" . | int }}
{{- mul (add $replicas (ceil (mulf $replicas 0.25) | int)) (include "userhub.connectionsEach" . | int) }}
{{- end }}

{{- define "userhub.assertConnections" -}}
{{- $most := .Values.database.maxConnections | int }}
{{- $sum := include "userhub.connections" . | int }}
{{- if and $most (gt $sum $most) }}
{{- fail (printf "%s replicas open up to %d connections (%s each: DB_POOL_MAX and one for the probe), and database.maxConnections is %d. Lower env.DB_POOL_MAX or the number of replicas, or put a pooler before the database." (include "userhub.mostReplicas" .) $sum (include "userhub.connectionsEach" .) $most) }}
{{- end }}
{{- end }}

{{- define "userhub.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "userhub.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "userhub.scheduling" -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* The settings that are no secret. */}}
{{- define "userhub.env" -}}
{{- if and .Values.database.caSecret (not (hasKey .Values.env "PGSSLROOTCERT")) }}
- name: PGSSLROOTCERT
  value: /etc/userhub/database/{{ .Values.database.caKey }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- define "userhub.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with .Values.database.caSecret }}
- name: database-ca
  secret:
    secretName: {{ . }}
    items:
      - key: {{ $.Values.database.caKey }}
        path: {{ $.Values.database.caKey }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "userhub.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.database.caSecret }}
- name: database-ca
  mountPath: /etc/userhub/database
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What the replicas and the migration Job both reach: names, and the database. */}}
{{- define "userhub.databaseEgress" -}}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
- ports:
    {{- range .Values.networkPolicy.databasePorts }}
    - port: {{ . }}
    {{- end }}
{{- end }}

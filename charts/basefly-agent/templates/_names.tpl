{{/* What everything is called and labelled. */}}
{{- define "basefly-agent.account" -}}basefly-{{ .Values.profile }}{{- end }}
{{- define "basefly-agent.secret" -}}{{ .Values.existingSecret | default "basefly-agent" }}{{- end }}
{{- define "basefly-agent.selector" -}}
app.kubernetes.io/name: basefly-agent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "basefly-agent.labels" -}}
{{ include "basefly-agent.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

# Lists the private queues of Message Queuing, and opens each for sending, which
# sends nothing. No arguments. Rows: part "host" (always one: present, service,
# problem), part "queue" (name such as private$\orders, transactional, journal,
# writable, problem). At most 1000 queues, and those that can be opened within 40
# seconds; one whose name cannot be read has a problem and no name. It has been
# parsed, but not yet run on Windows. Getters are called as methods, because PowerShell makes a null of a
# property whose getter fails. Lines that begin with # are not sent.
param($Arguments)
$most = 1000
$row = [ordered]@{ part = 'host'; present = $false; service = $null }
$base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
try { $row['present'] = $null -ne $base.OpenSubKey('SYSTEM\CurrentControlSet\Services\MSMQ') }
finally { $base.Close() }
if (-not $row['present']) { return $row }
$queues = @()
try {
    $row['service'] = [string](Get-Service -Name 'MSMQ').Status
    # A stopped service has no queues to tell of.
    if ($row['service'] -eq 'Running') {
        Add-Type -AssemblyName System.Messaging
        $queues = @([Messaging.MessageQueue]::GetPrivateQueuesByMachine('.'))
        if ($queues.Length -gt $most) { throw 'there are more than 1000 queues' }
    }
} catch {
    $row['problem'] = [string](Get-Cause $_).Message
    return $row
}
$row
$watch = [Diagnostics.Stopwatch]::StartNew()
foreach ($queue in $queues) {
    $row = [ordered]@{ part = 'queue'; name = $null }
    try {
        $row['name'] = [string]$queue.get_QueueName()
        if ($watch.Elapsed.TotalSeconds -gt 40) { throw 'the queues take more than 40 s' }
        $row['writable'] = $queue.get_CanWrite()
        $row['transactional'] = $queue.get_Transactional()
        $row['journal'] = $queue.get_UseJournalQueue()
    } catch { $row['problem'] = [string](Get-Cause $_).Message }
    $queue.Dispose()
    $row
}

param($Server)
Get-Queue -Server $Server
namespace OrleansIoT.History;

/// <summary>A backup or a restore did not come about; the message is one line that says why, for whoever asked for it.</summary>
public sealed class BackupException(string message, Exception? innerException = null)
    : Exception(message, innerException);

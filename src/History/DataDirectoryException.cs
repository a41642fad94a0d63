namespace OrleansIoT.History;

/// <summary>The data directory cannot be used; the message is one line that says why, for whoever starts the process.</summary>
public sealed class DataDirectoryException(string message, Exception? innerException = null)
    : Exception(message, innerException);

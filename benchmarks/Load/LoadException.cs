namespace OrleansIoT.Load;

/// <summary>A server did not do what the load needs; the message says what.</summary>
internal sealed class LoadException(string message) : Exception(message);

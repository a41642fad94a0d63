namespace Orleans.Runtime;

/// <summary>What the engine itself throws, apart from what the base library has a type for.</summary>
public class OrleansException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The call did not reach a grain.</summary>
public class OrleansMessageRejectionException(string message, Exception? innerException = null)
    : OrleansException(message, innerException);

/// <summary>The silo has not started, is stopping, or has stopped.</summary>
public sealed class SiloUnavailableException(string message, Exception? innerException = null)
    : OrleansMessageRejectionException(message, innerException);

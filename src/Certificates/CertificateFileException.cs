namespace OrleansIoT.Certificates;

/// <summary>A certificate, a key or a revocation list cannot be used; the message says which file and why, in one line.</summary>
public sealed class CertificateFileException(string message, Exception? inner = null) : Exception(message, inner);

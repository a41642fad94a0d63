namespace OrleansIoT.Certificates.Pki;

/// <summary>The certification authority cannot do what it was asked; the message says why and what would be right, in one line.</summary>
public sealed class PkiException(string message, Exception? inner = null) : Exception(message, inner);

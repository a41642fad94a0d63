namespace OrleansIoT.Failures;

/// <summary>
/// A call whose effect is there twice when it is made twice, and a connection that breaks may take it along although the other
/// side has it already. So nothing makes it again but its caller, who knows what it may repeat.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnceOnlyAttribute : Attribute;

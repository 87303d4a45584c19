"""The same task trained with every optimizer, activation, schedule ...: pictures, and claims as measured."""

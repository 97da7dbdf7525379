"""What a bug report needs: the machine and the installation, what is wrong and how to mend it."""
